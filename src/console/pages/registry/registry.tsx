/** The served model's versions, and how its aliases moved: who, when, why. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Figure } from '../../parts/figure.tsx';
import { Verified, VERIFIED_TAG } from '../../parts/verified.tsx';
import { Decide } from './decide.tsx';

async function loadModel(wanted: string | undefined) {
  const models = await client.models.list();
  const model = models.find(({ name }) => name === wanted) ?? models[0];
  if (model === undefined) return { models, model, versions: [], history: [] };
  const { name } = model;
  const [versions, ...moves] = await Promise.all([
    client.models.versions(name),
    ...['champion', 'challenger'].map((alias) => client.models.history(name, alias).catch(() => [])),
  ]);
  const history = moves.flat().toSorted((a, b) => b.moved_at.localeCompare(a.moved_at));
  return { models, model, versions, history };
}

export default function Registry({ route }: PageProps) {
  const [wanted] = route.rest;
  const { data, error, reload } = useLive(`registry ${wanted}`, ['models'], () => loadModel(wanted));
  const mayDecide = useMay('admin');
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { models, model, versions, history } = data;
  if (model === undefined)
    return (
      <>
        <h1>Registry</h1>
        <p>No model is registered yet. The first run whose candidate wins the gate makes one.</p>
      </>
    );
  const { name } = model;
  const champion = versions.find(({ aliases }) => aliases.includes('champion'));
  const pending = versions.filter(({ approval }) => approval === 'pending').length;
  const championMoves = history.filter(({ alias }) => alias === 'champion');
  return (
    <>
      <div class="row">
        <h1 class="foreign">{name}</h1>
        {models.length < 2 ? null : (
          <span>
            Other models:{' '}
            {models
              .filter((other) => other.name !== name)
              .map((other) => (
                <a key={other.name} class="foreign" href={linkTo('registry', [other.name])}>
                  {other.name}
                </a>
              ))}
          </span>
        )}
      </div>
      {champion === undefined ? null : (
        <ul class="loop">
          <Figure
            of="Champion"
            value={<a href={linkTo('version', [name, champion.version])}>version {champion.version}</a>}
          >
            since <Ago at={championMoves[0]?.moved_at} />
          </Figure>
          <Figure of="Right on held-out rows" value={formatShare(champion.tags['copyloop.accuracy'])}>
            when it was registered
          </Figure>
          <Figure of="Versions" value={versions.length.toLocaleString()}>
            {pending === 0 ? 'none waits for approval' : `${pending} to approve`}
          </Figure>
        </ul>
      )}
      <h2>Versions</h2>
      <Table
        name="Versions"
        rows={versions}
        keyOf={({ version }) => version}
        empty="None yet."
        columns={[
          {
            title: 'Version',
            text: ({ version }) => version,
            show: ({ version }) => <a href={linkTo('version', [name, version])}>{version}</a>,
          },
          {
            title: 'Aliases',
            text: ({ aliases }) => aliases.join(', '),
            show: ({ aliases }) => aliases.join(', ') || <span class="soft">–</span>,
          },
          {
            title: 'Held-out accuracy',
            isNumber: true,
            text: ({ tags }) => tags['copyloop.accuracy'],
            show: ({ tags }) => formatShare(tags['copyloop.accuracy']),
          },
          {
            title: 'Approval',
            text: ({ approval }) => approval,
            show: ({ approval }) =>
              approval === null ? <span class="soft">–</span> : <Status value={approval} />,
          },
          {
            title: 'Verified',
            text: ({ tags }) => tags[VERIFIED_TAG],
            show: ({ tags }) => {
              const tag = tags[VERIFIED_TAG];
              return tag === undefined ? <span class="soft">–</span> : <Verified tag={tag} />;
            },
          },
          {
            title: 'Registered',
            text: ({ created_at }) => created_at,
            show: ({ created_at }) => <Ago at={created_at} />,
          },
          {
            title: 'Run',
            text: ({ pipeline_run_id }) => pipeline_run_id,
            show: ({ pipeline_run_id }) =>
              pipeline_run_id === null ? (
                <span class="soft">–</span>
              ) : (
                <a class="whole" href={linkTo('run', [pipeline_run_id])}>
                  {pipeline_run_id}
                </a>
              ),
          },
        ]}
      />
      <h2>Aliases over time</h2>
      {history.length === 0 ? <p class="soft">Never set.</p> : null}
      <ol class="timeline">
        {history.map((move) => (
          <li key={move.alias + move.moved_at}>
            <Ago at={move.moved_at} />: {move.alias} {move.kind === 'rollback' ? 'rolled back' : 'moved'} from{' '}
            {move.from_version ?? 'none'} to {move.to_version ?? 'none'} by{' '}
            <span class="foreign">{move.moved_by}</span>
            <div class="soft foreign">{move.reason}</div>
          </li>
        ))}
      </ol>
      {championMoves.length > 1 && mayDecide ? (
        <Decide
          actions={{ 'Roll back': (reason) => client.models.rollback(name, 'champion', { reason }) }}
          reload={reload}
        />
      ) : null}
    </>
  );
}

/** `82.5 %`; a dash where nobody has measured it. */
function formatShare(share: string | undefined): string {
  const value = Number(share ?? Number.NaN);
  return Number.isNaN(value) ? '–' : `${(value * 100).toFixed(1)} %`;
}
