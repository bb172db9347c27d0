/** How a stage stands: its progress, its fault, and the log of each of its attempts. */
import { useState } from 'preact/hooks';
import type { PipelineRun } from '../../../client/index.ts';
import { linkTo } from '../../app/route.ts';
import { Lines } from '../../parts/scroll.tsx';
import { Status } from '../../parts/status.tsx';
import { Trouble } from '../../parts/trouble.tsx';
import { AttemptLog } from './log.tsx';

type Stage = PipelineRun['stages'][number];

export function StageStatus({ stage, runId }: { stage: Stage; runId: string }) {
  const [toggled, setToggled] = useState<boolean>();
  const showsLog = toggled ?? stage.status === 'failed';
  const [asked, setAsked] = useState<number>();
  const attempt = stage.attempts.find((one) => one.attempt === asked) ?? stage.attempts.at(-1);
  return (
    <div class="beside-each-other">
      <Status value={stage.status} />
      {stage.progress !== null && stage.status === 'running' ? (
        <div>
          <progress max={1} value={stage.progress.fraction} aria-label={`Progress of ${stage.stage}`} />{' '}
          <span class="soft foreign">{stage.progress.message}</span>
        </div>
      ) : null}
      {stage.error === null ? null : <Trouble error={stage.error} />}
      {stage.skipped === null ? null : <div class="soft foreign">skipped: {stage.skipped}</div>}
      {stage.adopted_from === null ? null : (
        <div class="soft">
          taken over from <a href={linkTo('run', [stage.adopted_from])}>{stage.adopted_from}</a>
        </div>
      )}
      {attempt === undefined ? null : (
        <details open={showsLog} onToggle={(event) => setToggled(event.currentTarget.open)}>
          <summary>Log</summary>
          {stage.attempts.length < 2 ? null : (
            <label>
              Attempt{' '}
              <select
                value={attempt.attempt}
                onChange={(event) => setAsked(Number(event.currentTarget.value))}
              >
                {stage.attempts.map((one) => (
                  <option key={one.attempt} value={one.attempt}>
                    {one.attempt}, {one.outcome}
                  </option>
                ))}
              </select>
            </label>
          )}
          {showsLog ? (
            <AttemptLog
              runId={runId}
              stage={stage.stage}
              candidate={stage.candidate}
              attempt={attempt.attempt}
              isRunning={attempt.outcome === 'running'}
            />
          ) : null}
        </details>
      )}
      {stage.result === undefined || stage.result === null ? null : (
        <details>
          <summary>Result</summary>
          <Lines>{JSON.stringify(stage.result, null, 2)}</Lines>
        </details>
      )}
    </div>
  );
}
