/** One run: its stages and candidates, the attempts over time, what failed and why. */
import { useState } from 'preact/hooks';
import type { PipelineRun } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Table } from '../../parts/table.tsx';
import { Ago, Took } from '../../parts/time.tsx';
import { Trouble, Waiting } from '../../parts/trouble.tsx';
import { secondsBetween } from '../runs/runs.tsx';
import { Gantt } from './gantt.tsx';
import { AttemptLog } from './log.tsx';

type Stage = PipelineRun['stages'][number];

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
        Started by {run.trigger} <Ago at={run.created_at} />, {run.finished_at === null ? 'so far ' : 'took '}
        <Took from={run.created_at} to={run.finished_at} />
        {run.replay_of === null ? null : (
          <>
            , a replay of <a href={linkTo('run', [run.replay_of])}>{run.replay_of}</a>
          </>
        )}
      </p>
      {run.error === null ? null : <Trouble error={run.error} />}
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
              <strong>
                {stage}
                {candidate === null ? null : <div class="foreign">{candidate}</div>}
              </strong>
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
              run.status === 'active' || attempts.length === 0 ? null : <Replay run={run} from={stage} />,
          },
        ]}
      />
      <h2>Attempts over time</h2>
      <Gantt run={run} />
      <details>
        <summary>Options</summary>
        <pre>{JSON.stringify(run.options, null, 2)}</pre>
      </details>
    </>
  );
}

function StageStatus({ stage, runId }: { stage: Stage; runId: string }) {
  const [toggled, setToggled] = useState<boolean>();
  const showsLog = toggled ?? stage.status === 'failed';
  const last = stage.attempts.at(-1);
  return (
    <>
      <Status value={stage.status} />
      {stage.progress !== null && stage.status === 'running' ? (
        <div>
          <progress max={1} value={stage.progress.fraction} aria-label={`Progress of ${stage.stage}`} />{' '}
          <span class="soft foreign">{stage.progress.message}</span>
        </div>
      ) : null}
      {stage.error === null ? null : <Trouble error={stage.error} />}
      {last === undefined ? null : (
        <details open={showsLog} onToggle={(event) => setToggled(event.currentTarget.open)}>
          <summary>Log</summary>
          {showsLog ? (
            <AttemptLog
              runId={runId}
              stage={stage.stage}
              candidate={stage.candidate}
              attempt={last.attempt}
            />
          ) : null}
        </details>
      )}
      {stage.result === undefined || stage.result === null ? null : (
        <details>
          <summary>Result</summary>
          <pre>{JSON.stringify(stage.result, null, 2)}</pre>
        </details>
      )}
    </>
  );
}

const STAGES = ['generate-data', 'version-data', 'train-model', 'register-model', 'summarize-run'] as const;

/** Takes what earlier stages left; what cannot be replayed says so before it starts. */
function Replay({ run, from }: { run: PipelineRun; from: string }) {
  const [error, setError] = useState<Error>();
  const mayReplay = useMay('writer');
  const stage = STAGES.find((name) => name === from);
  const replay = async (): Promise<void> => {
    const answer = await client.call('POST /runs/{id}/replay', {
      path: { id: run.id },
      body: { from: stage },
    });
    location.assign(linkTo('run', [answer.run_id]));
  };
  if (!mayReplay) return null;
  return (
    <>
      <button type="button" class="quiet" onClick={() => void replay().catch(setError)}>
        from here
      </button>
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}

function Actions({ run, reload }: { run: PipelineRun; reload: () => void }) {
  const [error, setError] = useState<Error>();
  const mayAct = useMay('writer');
  const cancel = (): void => {
    client.runs.cancel(run.id).then(reload, setError);
  };
  const replay = (): void => {
    client.runs.replay(run.id).then((id) => location.assign(linkTo('run', [id])), setError);
  };
  if (!mayAct) return null;
  return (
    <>
      {run.status === 'active' ? (
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      ) : (
        <button type="button" onClick={replay}>
          Replay
        </button>
      )}
      {error === undefined ? null : <Trouble error={error} />}
    </>
  );
}
