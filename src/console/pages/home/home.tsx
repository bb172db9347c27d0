/** The loop as one picture with its numbers, what waits for a person, and what is wrong. */
import { useRef } from 'preact/hooks';
import type { PipelineRun, PipelineRunSummary } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo } from '../../app/route.ts';
import { StageCells } from '../../parts/stage-cells.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago, Moment, Took } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';
import { Decision, StartRun } from '../runs/runs.tsx';
import { FirstSteps } from './first-steps.tsx';

/** Everything but the run that goes on. */
async function loadState() {
  const [info, models, review, loop, schedule, { datasets }] = await Promise.all([
    client.info(),
    client.models.list(),
    client.call('GET /texts', { query: { state: 'in_review', limit: 1 } }),
    client.call('GET /loop', {}),
    client.call('GET /schedule', {}).then((answer) => answer.schedule),
    client.call('GET /datasets', { query: { limit: 1 } }),
  ]);
  const [model] = models;
  const [versions, history] = await Promise.all([
    model === undefined ? [] : client.models.versions(model.name),
    model === undefined ? [] : client.models.history(model.name),
  ]);
  const [dataset] = datasets;
  return { info, model, versions, history, toReview: review.count, loop, schedule, dataset };
}

/**
 * The newest run. While one is active each of its steps is told of, so it alone is asked for then: one
 * request, whatever else the page shows.
 */
async function loadRun(before: NewestRun | undefined): Promise<NewestRun> {
  if (before?.run !== undefined && before.listed !== undefined) {
    const run = await client.runs.get(before.run.id);
    if (run.status === 'active') return { ...before, listed: { ...before.listed, ...toListed(run) }, run };
  }
  const newest = await client.runs.list({ limit: LOOKED_AT });
  const [listed] = newest;
  return {
    listed,
    run: listed?.status === 'active' ? await client.runs.get(listed.id) : undefined,
    judged: newest.find(({ decision }) => decision !== null),
  };
}

/** Of runs, for one that the gate has judged: those after it may have been cancelled, or failed before. */
const LOOKED_AT = 20;

interface NewestRun {
  listed: PipelineRunSummary | undefined;
  run: PipelineRun | undefined;
  judged: PipelineRunSummary | undefined;
}

/** Its stages as a list shows them, the candidates of one stage as what is still going on of them. */
function toListed(run: PipelineRun): Pick<PipelineRunSummary, 'stages'> {
  const stages = new Map<string, string>();
  for (const { stage, status } of run.stages) {
    const isOpen = ['running', 'retrying', 'waiting'].includes(status);
    if (!stages.has(stage) || isOpen) stages.set(stage, status);
  }
  return { stages: [...stages].map(([stage, status]) => ({ stage, status })) };
}

type Data = Awaited<ReturnType<typeof loadState>> & NewestRun;

/** Of numbers that nobody tells of: predictions and feedback of the day. */
const COUNTS_MS = 20_000;
/** However fast texts are decided. */
const GAP_MS = 10_000;

export default function Home() {
  const newest = useRef<NewestRun | undefined>(undefined);
  const live = useLive('run', ['runs'], async () => {
    newest.current = await loadRun(newest.current);
    return newest.current;
  });
  const state = useLive('state', ['models', 'texts', 'datasets'], loadState, {
    everyMs: COUNTS_MS,
    gapMs: GAP_MS,
  });
  const error = live.error ?? state.error;
  const reload = (): void => {
    live.reload();
    state.reload();
  };
  const data: Data | undefined =
    live.data === undefined || state.data === undefined ? undefined : { ...state.data, ...live.data };
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
const MOST_WAITING = 10_000;
const renderCount = (count: number, most = MOST_COUNTED): string =>
  `${count.toLocaleString()}${count < most ? '' : ' or more'}`;

function Picture({
  data: { listed, judged, info, model, history, loop, schedule, dataset },
}: {
  data: Data;
}) {
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
            <strong>{dataset.rows.toLocaleString()}</strong>
            <div class="soft">
              rows in version {dataset.version}
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
        {judged === undefined ? (
          <p class="soft">{listed?.status === 'active' ? 'Not yet judged' : 'Nothing judged'}</p>
        ) : (
          <>
            <p>
              <Decision decision={judged.decision} version={judged.model_version} />
            </p>
            <div class="soft">
              <a href={linkTo('run', [judged.id])}>run {judged.number}</a>
            </div>
          </>
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
        <div class="soft">
          in 24 hours, {renderCount(loop.feedback_waiting, MOST_WAITING)} for the next run
        </div>
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
          <>
            <strong>
              <Ago at={next} />
            </strong>
            <div class="soft">
              <Moment at={next} />
            </div>
          </>
        )}
      </li>
    </ol>
  );
}

function RunningNow({ run }: { run: NonNullable<Data['run']> }) {
  return (
    <>
      <h2>
        Running now: <a href={linkTo('run', [run.id])}>run {run.number}</a>
      </h2>
      <ul class="progressing panel">
        {run.stages.map((stage) => (
          <li key={`${stage.stage}.${stage.candidate ?? ''}`}>
            <span class="foreign">
              {stage.stage} {stage.candidate}
            </span>
            <Status value={stage.status} />
            {stage.progress === null || stage.status !== 'running' ? (
              <span class="soft">
                {stage.started_at === null ? null : <Took from={stage.started_at} to={stage.finished_at} />}
              </span>
            ) : (
              <span>
                <progress
                  max={1}
                  value={stage.progress.fraction}
                  aria-label={`Progress of ${stage.stage} ${stage.candidate ?? ''}`}
                />{' '}
                <span class="soft foreign">{stage.progress.message}</span>
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
