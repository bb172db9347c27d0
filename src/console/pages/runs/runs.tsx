/** Runs, newest first, fifty at a time; the filters stand in the address. */
import { useState } from 'preact/hooks';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { changeQuery, linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
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
      ) : (
        <Table
          name="Runs"
          rows={runs}
          keyOf={({ id }) => id}
          empty="No run here. Start one, or choose another status."
          columns={[
            {
              title: 'Run',
              isNumber: true,
              text: ({ number }) => number,
              show: ({ id, number }) => <a href={linkTo('run', [id])}>{number}</a>,
            },
            {
              title: 'Status',
              text: ({ status, error: failure }) =>
                failure === null ? status : `${status}: ${failure.message}`,
              show: (run) => (
                <>
                  <Status value={run.status} />
                  {run.error === null ? null : <div class="soft foreign">{shorten(run.error.message)}</div>}
                </>
              ),
            },
            { title: 'Started by', text: (run) => run.trigger },
            { title: 'Started', text: (run) => run.created_at, show: (run) => <Ago at={run.created_at} /> },
            {
              title: 'Took',
              text: (run) => secondsBetween(run.created_at, run.finished_at),
              show: (run) => <Took from={run.created_at} to={run.finished_at} />,
            },
          ]}
        />
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

/** In CSV, where a duration is a number. */
export const secondsBetween = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : Math.round((Date.parse(to) - Date.parse(from)) / 1000);

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

/** Starts a run with the configuration as it stands, and goes there. */
export function StartRun({ onStarted }: { onStarted: () => void }) {
  const [error, setError] = useState<Error>();
  const mayStart = useMay('writer');
  const start = async (): Promise<void> => {
    const id = await client.runs.start();
    onStarted();
    location.assign(linkTo('run', [id]));
  };
  if (!mayStart) return null;
  return (
    <>
      <button type="button" class="primary" onClick={() => void start().catch(setError)}>
        Start a run
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}
