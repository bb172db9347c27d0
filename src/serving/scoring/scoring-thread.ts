/**
 * One worker thread with one ONNX Runtime session of a model, seen from the event loop.
 *
 * A session computes on the thread that calls it. Terminating a thread inside such a call aborts the whole
 * process (SIGABRT), so a thread is never terminated: a shared flag tells it to stop between two runs, and it
 * leaves by itself.
 */
import '../../core/config/no-telemetry.ts';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { AppError, ERROR_CODES, toError } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { threadEntryPoint } from '../../core/paths.ts';
import type { Precision } from '../../ml/index.ts';

export interface ThreadModel {
  modelDirectory: string;
  /** auto: as decided when the model was exported. */
  precision: Precision | 'auto';
  /** ONNX Runtime threads of this one session. */
  threads: number;
  /** Tokens; longer texts are cut. */
  maxLength: number;
  /** Gives way to whatever else the machine has to do. */
  isBackground?: boolean;
}

export interface BatchScores {
  /** Calibrated probability of the positive class, per text. */
  probabilities: Float64Array;
  computeMs: number;
}

export interface ScoringThread {
  readonly precision: Precision;
  /** Tokens that the model takes of a text. */
  readonly maxLength: number;
  /**
   * @throws AppError `bad-model` when the model answers with no number, `unavailable` when the thread has
   *   died
   */
  score(sequences: readonly (readonly number[])[]): Promise<BatchScores>;
  /** Resolves when the thread is gone, for whatever reason; never rejects. */
  readonly gone: Promise<void>;
  /** Stops after the run in progress; batches not begun are refused with `unavailable`. */
  close(): Promise<void>;
}

export interface ThreadStart extends ThreadModel {
  stopFlag: Int32Array;
}

/** `ids` holds the token ids of all texts one after the other, `lengths` how many belong to each. */
export type ToThread =
  | { kind: 'score'; id: number; ids: Int32Array<ArrayBuffer>; lengths: Int32Array<ArrayBuffer> }
  | { kind: 'stop' };

export type FromThread =
  | { kind: 'ready'; precision: Precision; maxLength: number }
  | { kind: 'scored'; id: number; scores: BatchScores }
  | { kind: 'refused'; id: number | null; code: string; message: string };

/**
 * Opens the model in a thread of its own: loaded, proven by its stored probes, and warm. @throws AppError as
 * the model's loader does
 */
export async function openScoringThread(model: ThreadModel): Promise<ScoringThread> {
  const stopFlag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const { url, execArgv } = threadEntryPoint(import.meta.url, './scoring-worker');
  const start: ThreadStart = { ...model, stopFlag };
  const worker = new Worker(url, { workerData: start, execArgv, name: 'scoring' });
  const pending = new Map<
    number,
    { resolve: (scores: BatchScores) => void; reject: (error: Error) => void }
  >();
  let lastId = 0;
  let death: Error | undefined;
  let isGone = false;

  const opened = new Promise<{ precision: Precision; maxLength: number }>((resolve, reject) => {
    worker.on('message', (message: FromThread) => {
      switch (message.kind) {
        case 'ready':
          resolve(message);
          return;
        case 'scored':
          pending.get(message.id)?.resolve(message.scores);
          pending.delete(message.id);
          return;
        case 'refused': {
          const error = new AppError(parseErrorCode(message.code), message.message);
          if (message.id === null) return reject(error);
          pending.get(message.id)?.reject(error);
          pending.delete(message.id);
        }
      }
    });
    worker.on('error', (thrown) => {
      death = toError(thrown);
    });
    worker.on('exit', () => {
      isGone = true;
      const error = new AppError(
        'unavailable',
        `the scoring thread ended${death ? `: ${death.message}` : ''}`,
        {
          cause: death,
        },
      );
      reject(error);
      for (const waiting of pending.values()) waiting.reject(error);
      pending.clear();
    });
  });
  const gone = once(worker, 'exit').then(
    () => undefined,
    () => undefined,
  );
  const send = (message: ToThread, transfer: ArrayBuffer[] = []): void => {
    worker.postMessage(message, transfer);
  };
  const close = async (): Promise<void> => {
    Atomics.store(stopFlag, 0, 1);
    send({ kind: 'stop' });
    await gone;
  };

  let ready: { precision: Precision; maxLength: number };
  try {
    ready = await opened;
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    precision: ready.precision,
    maxLength: ready.maxLength,
    gone,
    close,
    score: (sequences) =>
      new Promise((resolve, reject) => {
        if (isGone) return reject(new AppError('unavailable', 'the scoring thread has ended'));
        lastId += 1;
        pending.set(lastId, { resolve, reject });
        const { ids, lengths } = packIds(sequences);
        send({ kind: 'score', id: lastId, ids, lengths }, [ids.buffer, lengths.buffer]);
      }),
  };
}

/** Plain loops: `Int32Array.from` walks an iterator, ten times as long for the few hundred ids of a batch. */
function packIds(
  sequences: readonly (readonly number[])[],
): Pick<Extract<ToThread, { kind: 'score' }>, 'ids' | 'lengths'> {
  const ids = new Int32Array(sequences.reduce((sum, sequence) => sum + sequence.length, 0));
  const lengths = new Int32Array(sequences.length);
  let at = 0;
  sequences.forEach((sequence, row) => {
    ids.set(sequence, at);
    lengths[row] = sequence.length;
    at += sequence.length;
  });
  return { ids, lengths };
}

function parseErrorCode(code: string): ErrorCode {
  return ERROR_CODES.find((known) => known === code) ?? 'internal';
}
