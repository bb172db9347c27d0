/**
 * The child process of one training (child.ts starts it). It does what its one message asks, tells its parent
 * how far it is, and ends. SIGTERM stops it at the next batch; without a parent it ends at once.
 */
import { toAppError } from '../../core/errors.ts';
import { runTraining } from './run.ts';
import { toChildSchema, type FromChild } from './protocol.ts';
import type { StepMetrics } from '../training/index.ts';

const STEPS_EVERY_MS = 500;

const aborter = new AbortController();
process.once('SIGTERM', () => aborter.abort());
// Ctrl-C reaches the whole process group; the parent decides what becomes of this training.
process.on('SIGINT', () => {});
process.once('disconnect', () => process.exit(1));

process.once('message', (message: unknown) => {
  void train(message);
});

async function train(message: unknown): Promise<void> {
  try {
    const { request } = toChildSchema.parse(message);
    const log = (level: 'info' | 'warn') => (fields: Record<string, unknown>, text: string) =>
      send({ kind: 'log', level, message: text, fields });
    const steps = gatherSteps();
    const result = await runTraining(request, {
      signal: aborter.signal,
      onProgress: (progress) => send({ kind: 'progress', progress }),
      onStep: steps.add,
      onEpoch: (epoch) => {
        steps.flush();
        send({ kind: 'epoch', epoch });
      },
      log: { info: log('info'), warn: log('warn') },
    });
    steps.flush();
    finish({ kind: 'done', result });
  } catch (thrown) {
    const error = toAppError(thrown);
    const code = aborter.signal.aborted ? 'cancelled' : error.code;
    finish({ kind: 'failed', code, message: error.message, stack: error.stack ?? '' });
  }
}

/** Steps may take a millisecond each: a message carries all that were done since the last one. */
function gatherSteps(): { add: (step: StepMetrics) => void; flush: () => void } {
  let gathered: StepMetrics[] = [];
  let sentMs = performance.now();
  const flush = (): void => {
    if (gathered.length > 0) send({ kind: 'steps', steps: gathered });
    gathered = [];
    sentMs = performance.now();
  };
  return {
    add: (step) => {
      gathered.push(step);
      if (performance.now() - sentMs >= STEPS_EVERY_MS) flush();
    },
    flush,
  };
}

function send(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

/** The last message must have left before the channel closes. */
function finish(message: FromChild): void {
  process.send?.(message, () => process.exit(0));
}
