/** The attempts of a run over time: a bar each, at its place and as long as it took. */
import type { PipelineRun } from '../../../client/index.ts';
import { formatDuration } from '../../parts/time.tsx';
import { Scroll } from '../../parts/scroll.tsx';

const ROW_HEIGHT = 24;
const LABEL_WIDTH = 190;
const WIDTH = 900;

const FILL: Readonly<Record<string, string>> = {
  failed: 'var(--bad)',
  lost: 'var(--bad)',
  succeeded: 'var(--good)',
};

export function Gantt({ run }: { run: PipelineRun }) {
  const bars = run.stages.flatMap((stage) =>
    stage.attempts.map((attempt) => ({
      label: stage.candidate === null ? stage.stage : `${stage.stage} ${stage.candidate}`,
      outcome: attempt.outcome,
      worker: attempt.worker,
      number: attempt.attempt,
      fromMs: Date.parse(attempt.started_at),
      toMs: attempt.finished_at === null ? Date.now() : Date.parse(attempt.finished_at),
    })),
  );
  if (bars.length === 0) return <p class="soft">No attempt yet.</p>;
  const startMs = Date.parse(run.created_at);
  const spanMs = Math.max(1, ...bars.map(({ toMs }) => toMs - startMs));
  const scale = (WIDTH - LABEL_WIDTH) / spanMs;
  const height = (bars.length + 1) * ROW_HEIGHT;
  return (
    <Scroll>
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        width={WIDTH}
        height={height}
        role="img"
        aria-label={`Attempts over ${formatDuration(spanMs)}`}
      >
        {bars.map((bar, row) => {
          const y = row * ROW_HEIGHT;
          const what = `${bar.label}, attempt ${bar.number} on ${bar.worker}: ${bar.outcome} after ${formatDuration(bar.toMs - bar.fromMs)}`;
          return (
            <g key={`${bar.label}.${bar.number}`}>
              <title>{what}</title>
              <text x={0} y={y + 16} fill="currentColor" font-size="13">
                {bar.label.slice(0, 28)}
              </text>
              <rect
                x={LABEL_WIDTH + Math.max(0, bar.fromMs - startMs) * scale}
                y={y + 4}
                width={Math.max(2, (bar.toMs - bar.fromMs) * scale)}
                height={ROW_HEIGHT - 8}
                rx={3}
                fill={FILL[bar.outcome] ?? 'var(--accent)'}
              />
            </g>
          );
        })}
        <text x={LABEL_WIDTH} y={height - 8} fill="var(--soft)" font-size="12">
          0 s
        </text>
        <text x={WIDTH} y={height - 8} fill="var(--soft)" font-size="12" text-anchor="end">
          {formatDuration(spanMs)}
        </text>
      </svg>
    </Scroll>
  );
}
