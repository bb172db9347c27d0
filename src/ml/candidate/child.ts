/**
 * Trains one candidate in a child process: training blocks its thread for minutes, and the thread that renews
 * job locks and answers requests must stay free. A timeout or an abort ends the child, first by SIGTERM, then
 * by SIGKILL.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { AppError, assertNever } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { entryPoint } from '../../core/paths.ts';
import { traceHeaders } from '../../core/trace.ts';
import {
  fromChildSchema,
  trainRequestSchema,
  type EpochMetrics,
  type FromChild,
  type ToChild,
  type TrainProgress,
  type TrainRequest,
  type TrainResult,
} from './protocol.ts';
import { removePartials } from '../model-directory/index.ts';
import type { StepMetrics } from '../training/index.ts';

export interface TrainCandidateOptions {
  signal?: AbortSignal;
  onProgress?: (progress: TrainProgress) => void;
  onEpoch?: (metrics: EpochMetrics) => void;
  /** The steps since the last call, in their order. */
  onSteps?: (steps: StepMetrics[]) => void;
  log?: Logger;
  /** How long an aborted training may take to leave by itself. */
  killAfterMs?: number;
}

const KILL_AFTER_MS = 5000;
/** Of what a dying child wrote to standard error. */
const MAX_STDERR_CHARS = 4000;

/**
 * @throws AppError `cancelled` when aborted (the signal's reason when that is an AppError), `bad-data`,
 *   `bad-model`, `diverged`, `unsupported` as the training says, `internal` when the child dies without a
 *   word
 */
export async function trainCandidate(
  request: TrainRequest,
  options: TrainCandidateOptions = {},
): Promise<TrainResult> {
  const { signal } = options;
  const parsed = trainRequestSchema.parse(request);
  if (signal?.aborted) throw abortError(signal);
  // Of a training of the same name that was killed together with its parent.
  await removePartials(parsed.outputDirectory);
  const { file, execArgv } = entryPoint(import.meta.url, './child-process');
  const child = fork(file, [], {
    // See `releaseMemory`.
    execArgv: [...execArgv, '--expose-gc'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const stopChild = stopOnAbort(child, signal, options.killAfterMs ?? KILL_AFTER_MS);
  try {
    const outcome = await runChild(child, { kind: 'train', request: parsed, trace: traceHeaders() }, options);
    if (signal?.aborted) throw abortError(signal);
    if (outcome.kind === 'done') return outcome.result;
    throw new AppError(outcome.code, outcome.message, { cause: new Error(outcome.stack) });
  } finally {
    stopChild.release();
    // An export hears no signal while it computes: a child that was killed in it leaves its folder.
    await removePartials(parsed.outputDirectory);
  }
}

type Outcome = Extract<FromChild, { kind: 'done' | 'failed' }>;

/** Resolves when the child is gone, with its last word. */
function runChild(child: ChildProcess, request: ToChild, options: TrainCandidateOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let outcome: Outcome | undefined;
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = (stderr + chunk).slice(-MAX_STDERR_CHARS);
    });
    child.on('message', (message: unknown) => {
      const parsed = fromChildSchema.safeParse(message);
      if (!parsed.success) {
        outcome = {
          kind: 'failed',
          code: 'internal',
          message: `the training process sent what cannot be read: ${parsed.error.message}`,
          stack: '',
        };
        child.kill('SIGKILL');
        return;
      }
      outcome = dispatch(parsed.data, options) ?? outcome;
    });
    child.once('error', (error) => {
      reject(
        new AppError('internal', `the training process cannot be started: ${error.message}`, {
          cause: error,
        }),
      );
    });
    child.once('close', (code, killedBy) => {
      resolve(
        outcome ?? {
          kind: 'failed',
          code: 'internal',
          message: `the training process ended ${killedBy === null ? `with code ${code}` : `by ${killedBy}`} before it was done${
            stderr === '' ? '' : `; its last words: ${stderr.trim().slice(-500)}`
          }`,
          stack: stderr,
        },
      );
    });
    // A child that dies at once closes the channel; its 'close' event tells the story.
    child.send(request, () => {});
  });
}

/** Passes a message on; the last one is returned. */
function dispatch(
  message: FromChild,
  { onProgress, onEpoch, onSteps, log }: TrainCandidateOptions,
): Outcome | undefined {
  switch (message.kind) {
    case 'progress':
      onProgress?.(message.progress);
      return undefined;
    case 'epoch':
      onEpoch?.(message.epoch);
      return undefined;
    case 'steps':
      onSteps?.(message.steps);
      return undefined;
    case 'log':
      log?.[message.level](message.fields, message.message);
      return undefined;
    case 'done':
    case 'failed':
      return message;
    default:
      return assertNever(message);
  }
}

function stopOnAbort(
  child: ChildProcess,
  signal: AbortSignal | undefined,
  killAfterMs: number,
): { release: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  // A parent that exits in an orderly way takes the child along; one that is killed closes the channel, which
  // the child notices.
  const killNow = (): boolean => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  process.once('exit', killNow);
  return {
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      process.removeListener('exit', killNow);
    },
  };
}

function abortError(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason;
  if (reason instanceof AppError) return reason;
  return new AppError('cancelled', 'the training was cancelled', { cause: reason });
}
