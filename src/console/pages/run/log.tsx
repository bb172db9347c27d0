/** The log lines of one attempt of a stage, beside the stage, growing while it runs. */
import { client } from '../../app/api.ts';
import { useLive } from '../../app/live.ts';
import { Lines } from '../../parts/scroll.tsx';
import { formatClock } from '../../parts/time.tsx';
import { Waiting } from '../../parts/trouble.tsx';

interface Props {
  runId: string;
  stage: string;
  candidate: string | null;
  attempt: number;
  isRunning: boolean;
}

export function AttemptLog({ runId, stage, candidate, attempt, isRunning }: Props) {
  const query = { stage, attempt, ...(candidate === null ? {} : { candidate }) };
  // A log that has ended is not followed: those of failed candidates are open by themselves, and a browser
  // opens six connections at most.
  const topics = isRunning ? ['runs'] : [];
  const { data, error, reload } = useLive(`${runId} ${JSON.stringify(query)}`, topics, async () =>
    client.call('GET /runs/{id}/log', { path: { id: runId }, query }),
  );
  if (data === undefined) return <Waiting error={error} retry={reload} />;
  if (data.lines.length === 0) return <p class="soft">Nothing was logged.</p>;
  return (
    <Lines>
      {data.lines.map(({ line, at, level, message }) => (
        <div key={line} class={level === 'error' ? 'bad' : level === 'warn' ? 'warn' : ''}>
          <span class="soft">{formatClock(at)}</span> {level === 'info' ? '' : `${level}: `}
          {message}
        </div>
      ))}
    </Lines>
  );
}
