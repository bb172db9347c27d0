/** One run: its stages and candidates, the attempts over time, what failed and why. */
import type { PipelineRun } from '../../../client/index.ts';
import { baseUrl, client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { Lines } from '../../parts/scroll.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago, secondsBetween, Took } from '../../parts/time.tsx';
import { Trouble, Waiting } from '../../parts/trouble.tsx';
import { listDifferences, renderValue } from '../../parts/differences.ts';
import { Decision, STARTED } from '../runs/runs.tsx';
import { Actions, ReplayChanged, ReplayFrom } from './actions.tsx';
import { Gantt } from './gantt.tsx';
import { StageStatus } from './stage-status.tsx';

export default function Run({ route }: PageProps) {
  const [id = ''] = route.rest;
  const { data: run, error, reload } = useLive(id, ['runs'], () => client.runs.get(id));
  if (run === undefined) return <Waiting error={error} retry={reload} />;
  return (
    <>
      <p class="soft">
        <a href={linkTo('runs')}>Runs</a> / {run.id}
      </p>
      <div class="row">
        <h1>Run {run.number}</h1>
        <Status value={run.status} />
        <Actions run={run} reload={reload} />
      </div>
      <p class="soft">
        Started {STARTED[run.trigger] ?? run.trigger} <Ago at={run.created_at} />,{' '}
        {run.finished_at === null ? 'so far ' : 'took '}
        <Took from={run.created_at} to={run.finished_at} />
        {run.replay_of === null ? null : (
          <>
            , a replay of <a href={linkTo('run', [run.replay_of])}>{run.replay_of}</a>
          </>
        )}
      </p>
      {run.error === null ? null : <Trouble error={run.error} />}
      <Judged run={run} />
      <h2>Stages</h2>
      <Table
        name={`Stages of run ${run.number}`}
        rows={run.stages}
        keyOf={({ stage, candidate }) => `${stage}.${candidate ?? ''}`}
        empty="No stage has begun."
        columns={[
          {
            title: 'Stage',
            text: ({ stage, candidate }) => (candidate === null ? stage : `${stage} ${candidate}`),
            show: ({ stage, candidate }) => (
              <>
                <strong class="whole">{stage}</strong>
                {candidate === null ? null : <div class="foreign">{candidate}</div>}
              </>
            ),
          },
          {
            title: 'Status',
            text: ({ status, error: failure }) =>
              failure === null ? status : `${status}: ${failure.message}`,
            show: (stage) => <StageStatus stage={stage} runId={run.id} />,
          },
          {
            title: 'Took',
            text: (stage) => secondsBetween(stage.started_at, stage.finished_at),
            show: (stage) => <Took from={stage.started_at} to={stage.finished_at} />,
          },
          { title: 'Attempts', isNumber: true, text: ({ attempts }) => attempts.length },
          {
            title: 'Again',
            isAction: true,
            text: () => null,
            show: ({ stage, attempts }) =>
              run.status === 'active' || attempts.length === 0 ? null : <ReplayFrom run={run} from={stage} />,
          },
        ]}
      />
      <h2>Attempts over time</h2>
      <Gantt run={run} />
      <h2>Options</h2>
      <Table
        name={`Options of run ${run.number}`}
        rows={listDifferences(run.options, run.configured)}
        keyOf={({ key }) => key}
        empty="As the configuration has them now."
        columns={[
          { title: 'Option', text: ({ key }) => key, show: ({ key }) => <code>{key}</code> },
          { title: 'This run', text: ({ ours }) => renderValue(ours) },
          { title: 'Configuration', text: ({ theirs }) => renderValue(theirs) },
        ]}
      />
      <ReplayChanged run={run} />
      <details>
        <summary>All options</summary>
        <Lines>{JSON.stringify(run.options, null, 2)}</Lines>
      </details>
    </>
  );
}

/** What the gate said of the best candidate, with its page. */
function Judged({ run }: { run: PipelineRun }) {
  const result = run.stages.find(({ stage }) => stage === 'register-model')?.result as GateResult | null;
  if (result === null || result === undefined) return null;
  const { decision, reasons, candidate, modelName, modelVersion } = result;
  return (
    <div class="panel">
      <div class="row">
        <Decision decision={decision} version={modelVersion} />
        <span class="foreign">candidate {candidate}</span>
        {modelVersion === null ? null : (
          <a href={linkTo('version', [modelName, modelVersion])}>Its version</a>
        )}
        <a href={`${baseUrl}runs/${encodeURIComponent(run.id)}/gate.html`}>The comparison</a>
      </div>
      <ul class="plain soft">
        {reasons.map((reason) => (
          <li key={reason} class="foreign">
            {reason}
          </li>
        ))}
      </ul>
    </div>
  );
}

interface GateResult {
  decision: string;
  reasons: string[];
  candidate: string;
  modelName: string;
  modelVersion: number | null;
}
