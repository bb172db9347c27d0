/**
 * The child process of one training (child.ts starts it). It does what its one message asks, tells its parent
 * how far it is, and ends. SIGTERM stops it at the next batch; without a parent it ends at once.
 */
import { readTraceSettings } from '../../core/config/index.ts';
import { toAppError } from '../../core/errors.ts';
import { inSpan, openTracing, type Tracing } from '../../core/trace.ts';
import { runTraining } from './run.ts';
import { toChildSchema, type FromChild } from './protocol.ts';
import type { StepMetrics } from '../training/index.ts';

const STEPS_EVERY_MS = 500;

const aborter = new AbortController();
let tracing: Tracing | undefined;
process.once('SIGTERM', () => aborter.abort());
// Ctrl-C reaches the whole process group; the parent decides what becomes of this training.
process.on('SIGINT', () => {});
process.once('disconnect', () => process.exit(1));

process.once('message', (message: unknown) => {
  void train(message);
});

async function train(message: unknown): Promise<void> {
  try {
    const { request, trace } = toChildSchema.parse(message);
    tracing = await openTracing(readTraceSettings(), 'training');
    const log = (level: 'info' | 'warn') => (fields: Record<string, unknown>, text: string) =>
      send({ kind: 'log', level, message: text, fields });
    const steps = gatherSteps();
    const attributes = { 'copyloop.recipe': request.recipe.name, 'copyloop.seed': request.seed };
    const result = await inSpan('training process', { attributes, from: trace }, async () =>
      runTraining(request, {
        signal: aborter.signal,
        onProgress: (progress) => send({ kind: 'progress', progress }),
        onStep: steps.add,
        onEpoch: (epoch) => {
          steps.flush();
          send({ kind: 'epoch', epoch });
        },
        log: { info: log('info'), warn: log('warn') },
      }),
    );
    steps.flush();
    await finish({ kind: 'done', result });
  } catch (thrown) {
    const error = toAppError(thrown);
    const code = aborter.signal.aborted ? 'cancelled' : error.code;
    await finish({ kind: 'failed', code, message: error.message, stack: error.stack ?? '' });
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
async function finish(message: FromChild): Promise<void> {
  await tracing?.close();
  process.send?.(message, () => process.exit(0));
}
