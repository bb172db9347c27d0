/** The loop as one picture with its numbers, what waits for a person, and what is wrong. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { StageCells } from '../../parts/stage-cells.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago, Took } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Decision, StartRun } from '../runs/runs.tsx';
import { FirstSteps } from './first-steps.tsx';

async function loadHome() {
  const [runs, info, models, review, loop, schedule, { datasets }] = await Promise.all([
    client.runs.list({ limit: 1 }),
    client.info(),
    client.models.list(),
    client.call('GET /texts', { query: { state: 'in_review', limit: 1 } }),
    client.call('GET /loop', {}),
    client.call('GET /schedule', {}).then((answer) => answer.schedule),
    client.call('GET /datasets', { query: { limit: 1 } }),
  ]);
  const [listed] = runs;
  const [model] = models;
  const [run, versions, history] = await Promise.all([
    listed?.status === 'active' ? client.runs.get(listed.id) : undefined,
    model === undefined ? [] : client.models.versions(model.name),
    model === undefined ? [] : client.models.history(model.name),
  ]);
  const [dataset] = datasets;
  return { listed, run, info, model, versions, history, toReview: review.count, loop, schedule, dataset };
}

type Data = Awaited<ReturnType<typeof loadHome>>;

export default function Home() {
  const topics = ['runs', 'models', 'texts', 'datasets'];
  const { data, error, reload } = useLive('home', topics, loadHome);
  if (data === undefined)
    return (
      <>
        <h1>The loop</h1>
        <Waiting error={error} retry={reload} />
      </>
    );
  const isNew = data.loop.predictions === 0 && data.versions.length < 3;
  return (
    <>
      <div class="row">
        <h1>The loop</h1>
        <StartRun onStarted={reload} />
      </div>
      <Alerts data={data} />
      <WaitingForPerson data={data} />
      <Picture data={data} />
      {data.run === undefined ? null : <RunningNow run={data.run} />}
      {isNew && data.versions.length > 0 ? <FirstSteps /> : null}
    </>
  );
}

function Alerts({ data: { info, listed, versions } }: { data: Data }) {
  const alerts: { key: string; text: string; link?: string | undefined }[] = info.load_failures.map(
    (one) => ({
      key: one.alias,
      text: `The ${one.alias}, version ${one.version}, cannot be loaded: ${one.error}`,
      link: linkTo('serving'),
    }),
  );
  if (!info.database.reachable)
    alerts.push({ key: 'database', text: `The database is away: ${info.database.error ?? 'no answer'}` });
  if (listed?.status === 'failed')
    alerts.push({
      key: 'run',
      text: `Run ${listed.number} has failed: ${listed.error?.message.slice(0, 200) ?? 'no reason is known'}`,
      link: linkTo('run', [listed.id]),
    });
  if (versions.length > 0 && info.models.every(({ alias }) => alias !== 'champion'))
    alerts.push({ key: 'champion', text: 'No champion serves.', link: linkTo('registry') });
  return (
    <>
      {alerts.map(({ key, text, link }) => (
        <p key={key} class="error foreign" role="alert">
          {text} {link === undefined ? null : <a href={link}>Look</a>}
        </p>
      ))}
    </>
  );
}

function WaitingForPerson({ data: { versions, model, toReview } }: { data: Data }) {
  const pending = versions.filter(({ approval }) => approval === 'pending');
  if (pending.length + toReview === 0) return <p class="soft">Nothing waits for a person.</p>;
  return (
    <ul class="plain waiting">
      {toReview === 0 ? null : (
        <li>
          <a href={linkTo('review')}>
            {toReview.toLocaleString()} {toReview === 1 ? 'text' : 'texts'} to review
          </a>
        </li>
      )}
      {pending.map(({ version }) => (
        <li key={version}>
          <a href={linkTo('version', [model?.name ?? '', version])}>Version {version} asks for approval</a>
        </li>
      ))}
    </ul>
  );
}

/** The server counts no further. */
const MOST_COUNTED = 100_000;
const renderCount = (count: number): string =>
  `${count.toLocaleString()}${count < MOST_COUNTED ? '' : ' or more'}`;

function Picture({ data: { listed, info, model, history, loop, schedule, dataset } }: { data: Data }) {
  const champion = info.models.find(({ alias }) => alias === 'champion');
  const [next] = schedule.next;
  return (
    <ol class="loop round" aria-label="The loop">
      <li>
        <a href={linkTo('datasets')}>Data</a>
        {dataset === undefined ? (
          <p class="soft">None yet</p>
        ) : (
          <>
            <strong>{dataset.rows.toLocaleString()}</strong> rows
            <div class="soft">
              version {dataset.version}
              {dataset.drift === null ? '' : `, ${dataset.drift === 'none' ? 'no' : dataset.drift} drift`}
            </div>
          </>
        )}
      </li>
      <li>
        <a href={linkTo('runs')}>Training</a>
        {listed === undefined ? (
          <p class="soft">No run yet</p>
        ) : (
          <>
            <strong>
              <a href={linkTo('run', [listed.id])}>run {listed.number}</a>
            </strong>
            <StageCells stages={listed.stages} />
            <div class="soft">
              <Ago at={listed.created_at} />, <Took from={listed.created_at} to={listed.finished_at} />
            </div>
          </>
        )}
      </li>
      <li>
        <a href={linkTo('registry')}>Gate</a>
        {listed === undefined || listed.decision === null ? (
          <p class="soft">{listed?.status === 'active' ? 'Not yet judged' : 'Nothing judged'}</p>
        ) : (
          <p>
            <Decision decision={listed.decision} version={listed.model_version} />
          </p>
        )}
      </li>
      <li>
        <a href={linkTo('serving')}>Champion</a>
        {champion === undefined || model === undefined ? (
          <p class="soft">None yet: the first run makes one</p>
        ) : (
          <>
            <strong>
              <a href={linkTo('version', [model.name, champion.version])}>version {champion.version}</a>
            </strong>
            <div class="soft">
              since <Ago at={history[0]?.moved_at ?? champion.loaded_at} />
            </div>
          </>
        )}
      </li>
      <li>
        <a href={linkTo('studio')}>Predictions</a>
        <strong>{renderCount(loop.predictions)}</strong>
        <div class="soft">in 24 hours</div>
      </li>
      <li>
        <a href={linkTo('learning')}>Feedback</a>
        <strong>{renderCount(loop.feedback)}</strong>
        <div class="soft">in 24 hours, {loop.feedback_waiting.toLocaleString()} for the next run</div>
      </li>
      <li>
        <a href={linkTo('schedule')}>Next run</a>
        {schedule.paused ? (
          <p>
            <Status value="paused" />
          </p>
        ) : next === undefined ? (
          <p class="soft">Only when somebody starts one</p>
        ) : (
          <strong>
            <Ago at={next} />
          </strong>
        )}
      </li>
    </ol>
  );
}

function RunningNow({ run }: { run: NonNullable<Data['run']> }) {
  return (
    <>
      <h2>Running now</h2>
      <ul class="plain">
        {run.stages.map((stage) => (
          <li key={`${stage.stage}.${stage.candidate ?? ''}`}>
            {stage.stage} {stage.candidate} <Status value={stage.status} />{' '}
            {stage.progress === null ? null : <span class="soft foreign">{stage.progress.message}</span>}
          </li>
        ))}
      </ul>
    </>
  );
}
