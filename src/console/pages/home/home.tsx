/** The loop as one picture with its numbers: the newest run, who serves, what waits for a person. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { Status } from '../../parts/status.tsx';
import { Ago, Took } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { StartRun } from '../runs/runs.tsx';

async function loadHome() {
  const [runs, info, models, review] = await Promise.all([
    client.runs.list({ limit: 1 }),
    client.info(),
    client.models.list(),
    client.call('GET /texts', { query: { state: 'in_review', limit: 1 } }),
  ]);
  const [newest] = runs;
  const [model] = models;
  const [run, versions, history] = await Promise.all([
    newest === undefined ? undefined : client.runs.get(newest.id),
    model === undefined ? [] : client.models.versions(model.name),
    model === undefined ? [] : client.models.history(model.name),
  ]);
  return { run, info, model, versions, history, toReview: review.count };
}

export default function Home() {
  const { data, error, reload } = useLive('home', ['runs', 'models', 'texts'], loadHome);
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  const { run, info, model, versions, history, toReview } = data;
  const champion = info.models.find(({ alias }) => alias === 'champion');
  const waiting = versions.filter(({ approval }) => approval === 'pending');
  return (
    <>
      <div class="row">
        <h1>The loop</h1>
        <StartRun onStarted={reload} />
      </div>
      <ol class="loop">
        <li>
          <span class="soft">Newest run</span>
          {run === undefined ? (
            <p>No run yet.</p>
          ) : (
            <>
              <strong>
                <a href={linkTo('run', [run.id])}>{run.number}</a>
              </strong>
              <Status value={run.status} />
              <div class="soft">
                <Ago at={run.created_at} />, <Took from={run.created_at} to={run.finished_at} />
              </div>
            </>
          )}
        </li>
        <li>
          <span class="soft">Champion</span>
          {champion === undefined ? (
            <p>None yet: the first run makes one.</p>
          ) : (
            <>
              <strong>version {champion.version}</strong>
              <span>{champion.precision}</span>
              <div class="soft">
                since <Ago at={history[0]?.moved_at ?? champion.loaded_at} />
              </div>
            </>
          )}
        </li>
        <li>
          <span class="soft">Waiting for a person</span>
          <strong>{waiting.length + toReview}</strong>
          {waiting.length + toReview === 0 ? <span class="soft">nothing to decide</span> : null}
          {toReview === 0 ? null : (
            <div>
              <a href={linkTo('review')}>
                {toReview} {toReview === 1 ? 'text' : 'texts'} to review
              </a>
            </div>
          )}
          {waiting.map(({ version }) => (
            <div key={version}>
              <a href={linkTo('version', [model?.name ?? '', version])}>
                version {version} asks for approval
              </a>
            </div>
          ))}
        </li>
      </ol>
      {run?.status === 'active' ? (
        <>
          <h2>Running now</h2>
          <ul>
            {run.stages.map((stage) => (
              <li key={`${stage.stage}.${stage.candidate ?? ''}`}>
                {stage.stage} {stage.candidate} <Status value={stage.status} />{' '}
                {stage.progress === null ? null : <span class="soft foreign">{stage.progress.message}</span>}
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </>
  );
}
