/** The served model's versions, how its champion moved, and what waits for an approval. */
import { useState } from 'preact/hooks';
import type { ModelVersion } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { Status } from '../../parts/status.tsx';
import { Ago } from '../../parts/time.tsx';
import { Trouble, Waiting } from '../../parts/trouble.tsx';

async function loadModel(wanted: string | undefined) {
  const models = await client.models.list();
  const model = models.find(({ name }) => name === wanted) ?? models[0];
  if (model === undefined) return { models, model, versions: [], history: [] };
  const [versions, history] = await Promise.all([
    client.models.versions(model.name),
    client.models.history(model.name),
  ]);
  return { models, model, versions, history };
}

export default function Registry({ route }: PageProps) {
  const [wanted] = route.rest;
  const { data, error, reload } = useLive(`registry ${wanted}`, ['models'], () => loadModel(wanted));
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { models, model, versions, history } = data;
  if (model === undefined)
    return (
      <>
        <h1>Registry</h1>
        <p>No model is registered yet. The first run whose candidate wins the gate makes one.</p>
      </>
    );
  return (
    <>
      <div class="row">
        <h1 class="foreign">{model.name}</h1>
        {models.length < 2 ? null : (
          <span>
            Other models:{' '}
            {models
              .filter(({ name }) => name !== model.name)
              .map(({ name }) => (
                <a key={name} class="foreign" href={linkTo('registry', [name])}>
                  {name}
                </a>
              ))}
          </span>
        )}
      </div>
      <h2>Versions</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col" class="number">
                Version
              </th>
              <th scope="col">Aliases</th>
              <th scope="col">Approval</th>
              <th scope="col">Registered</th>
              <th scope="col">Run</th>
              <th scope="col">Gate</th>
              <th scope="col">Decide</th>
            </tr>
          </thead>
          <tbody>
            {versions.map((version) => (
              <VersionRow key={version.version} version={version} reload={reload} />
            ))}
          </tbody>
        </table>
      </div>
      <h2>The champion over time</h2>
      {history.length === 0 ? <p class="soft">Never set.</p> : null}
      <ol class="timeline">
        {history.map((move) => (
          <li key={move.moved_at}>
            <Ago at={move.moved_at} />: {move.kind === 'rollback' ? 'rolled back' : 'moved'} from{' '}
            {move.from_version ?? 'none'} to {move.to_version ?? 'none'} by{' '}
            <span class="foreign">{move.moved_by}</span>
            <div class="soft foreign">{move.reason}</div>
          </li>
        ))}
      </ol>
      {history.length > 1 ? <RollBack model={model.name} reload={reload} /> : null}
    </>
  );
}

function VersionRow({ version, reload }: { version: ModelVersion; reload: () => void }) {
  const { name, version: number } = version;
  return (
    <tr>
      <td class="number">{number}</td>
      <td>{version.aliases.join(', ') || <span class="soft">–</span>}</td>
      <td>{version.approval === null ? <span class="soft">–</span> : <Status value={version.approval} />}</td>
      <td>
        <Ago at={version.created_at} />
      </td>
      <td>
        {version.pipeline_run_id === null ? (
          <span class="soft">–</span>
        ) : (
          <a href={linkTo('run', [version.pipeline_run_id])}>{version.pipeline_run_id}</a>
        )}
      </td>
      <td>
        {version.gate_report === null ? (
          <span class="soft">–</span>
        ) : (
          <a href={`models/${encodeURIComponent(name)}/versions/${number}/gate.html`}>report</a>
        )}
      </td>
      <td>
        {version.approval === 'pending' ? (
          <Decide
            actions={{
              Approve: (reason) => client.models.approve(name, number, { reason }),
              Reject: (reason) => client.models.reject(name, number, { reason }),
            }}
            reload={reload}
          />
        ) : null}
      </td>
    </tr>
  );
}

function RollBack({ model, reload }: { model: string; reload: () => void }) {
  return (
    <Decide
      actions={{ 'Roll back': (reason) => client.models.rollback(model, 'champion', { reason }) }}
      reload={reload}
    />
  );
}

interface DecideProps {
  actions: Readonly<Record<string, (reason: string) => Promise<unknown>>>;
  reload: () => void;
}

/** Buttons behind one reason: whoever decides says why, and the history keeps it. */
function Decide({ actions, reload }: DecideProps) {
  const [reason, setReason] = useState('');
  const [error, setError] = useState<Error>();
  return (
    <div class="row">
      <input
        aria-label="Reason"
        placeholder="reason"
        value={reason}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      {Object.entries(actions).map(([label, act]) => (
        <button
          key={label}
          type="button"
          disabled={reason.trim() === ''}
          onClick={() => void act(reason).then(reload, setError)}
        >
          {label}
        </button>
      ))}
      {error === undefined ? null : <Trouble error={error} />}
    </div>
  );
}
