/** Runs, newest first, fifty at a time; the filters stand in the address. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { changeQuery, linkTo, type PageProps } from '../../app/route.ts';
import { Status } from '../../parts/status.tsx';
import { Ago, Took } from '../../parts/time.tsx';
import { Trouble, Waiting } from '../../parts/trouble.tsx';

const PAGE_SIZE = 50;
const TRIGGERS = ['manual', 'schedule', 'feedback', 'drift', 'replay'] as const;
const STATUSES = ['active', 'succeeded', 'failed', 'cancelled'] as const;

export default function Runs({ route }: PageProps) {
  const status = STATUSES.find((known) => known === route.query.get('status'));
  const before = Number(route.query.get('before')) || undefined;
  const trigger = TRIGGERS.find((known) => known === route.query.get('trigger'));
  const query = { limit: PAGE_SIZE, before, status, trigger };
  const {
    data: runs,
    error,
    reload,
  } = useLive(JSON.stringify(query), ['runs'], () => client.runs.list(query));
  const last = runs?.at(-1);
  return (
    <>
      <div class="row">
        <h1>Runs</h1>
        <label>
          Status{' '}
          <select
            value={status ?? ''}
            onChange={(event) => changeQuery(route, { status: event.currentTarget.value, before: undefined })}
          >
            <option value="">all</option>
            {STATUSES.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Started by{' '}
          <select
            value={trigger ?? ''}
            onChange={(event) =>
              changeQuery(route, { trigger: event.currentTarget.value, before: undefined })
            }
          >
            <option value="">all</option>
            {TRIGGERS.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <StartRun onStarted={reload} />
      </div>
      {runs === undefined ? (
        <Waiting error={error} retry={reload} />
      ) : runs.length === 0 ? (
        <p class="soft">No run here. Start one, or choose another status.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col" class="number">
                  Run
                </th>
                <th scope="col">Status</th>
                <th scope="col">Started by</th>
                <th scope="col">Started</th>
                <th scope="col">Took</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.id}>
                  <td class="number">
                    <a href={linkTo('run', [run.id])}>{run.number}</a>
                  </td>
                  <td>
                    <Status value={run.status} />
                    {run.error === null ? null : <div class="soft foreign">{shorten(run.error.message)}</div>}
                  </td>
                  <td>{run.trigger}</td>
                  <td>
                    <Ago at={run.created_at} />
                  </td>
                  <td>
                    <Took from={run.created_at} to={run.finished_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="row">
        {before === undefined ? null : <a href={linkTo('runs', [], { status, trigger })}>Newest</a>}
        {runs?.length === PAGE_SIZE && last !== undefined ? (
          <a href={linkTo('runs', [], { status, trigger, before: String(last.number) })}>Older</a>
        ) : null}
      </p>
    </>
  );
}

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

/** Starts a run with the configuration as it stands, and goes there. */
export function StartRun({ onStarted }: { onStarted: () => void }) {
  const [error, setError] = useState<Error>();
  const start = async (): Promise<void> => {
    const id = await client.runs.start();
    onStarted();
    location.assign(linkTo('run', [id]));
  };
  return (
    <>
      <button type="button" class="primary" onClick={() => void start().catch(setError)}>
        Start a run
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}
