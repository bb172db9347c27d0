/** One run: its stages and candidates, the attempts over time, what failed and why. */
import { useState } from 'preact/hooks';
import type { PipelineRun } from '../../../client/index.ts';
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { linkTo, type PageProps } from '../../app/route.ts';
import { useMay } from '../../app/sign-in.tsx';
import { Status } from '../../parts/status.tsx';
import { Ago, Took } from '../../parts/time.tsx';
import { Trouble, Waiting } from '../../parts/trouble.tsx';
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
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Stage</th>
              <th scope="col">Status</th>
              <th scope="col">Took</th>
              <th scope="col" class="number">
                Attempts
              </th>
              <th scope="col">Again</th>
            </tr>
          </thead>
          <tbody>
            {run.stages.map((stage) => (
              <StageRow key={`${stage.stage}.${stage.candidate ?? ''}`} stage={stage} run={run} />
            ))}
          </tbody>
        </table>
      </div>
      <h2>Attempts over time</h2>
      <Gantt run={run} />
      <details>
        <summary>Options</summary>
        <pre>{JSON.stringify(run.options, null, 2)}</pre>
      </details>
    </>
  );
}

function StageRow({ stage, run }: { stage: Stage; run: PipelineRun }) {
  const [toggled, setToggled] = useState<boolean>();
  const showsLog = toggled ?? stage.status === 'failed';
  const last = stage.attempts.at(-1);
  return (
    <tr>
      <th scope="row">
        {stage.stage}
        {stage.candidate === null ? null : <div class="foreign">{stage.candidate}</div>}
      </th>
      <td>
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
                runId={run.id}
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
      </td>
      <td>
        <Took from={stage.started_at} to={stage.finished_at} />
      </td>
      <td class="number">{stage.attempts.length}</td>
      <td>
        {run.status === 'active' || last === undefined ? null : <Replay run={run} from={stage.stage} />}
      </td>
    </tr>
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
