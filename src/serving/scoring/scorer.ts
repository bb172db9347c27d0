/**
 * One model version, loaded in a few scoring threads, and the queue before them.
 *
 * There is no timer: a batch is whatever waits when a thread becomes free, so a lone text starts at once and
 * batches grow with load by themselves. A call ends in one of four ways: scored, refused because the queue is
 * full, out of time, or hung up.
 */
import { AppError, toError } from '../../core/errors.ts';
import { MINUTE_MS, SECOND_MS, sleep } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { Precision } from '../../ml/index.ts';
import { createFairQueue, type FairCall, type FairLane } from './fair-queue.ts';
import { createRateMeter } from './rate-meter.ts';
import type { BatchScores, ScoringThread } from './scoring-thread.ts';

export interface ScoreOptions {
  /** From now; the call is then refused with `timed-out`. */
  timeoutMs: number;
  /** Aborted when the caller has hung up. */
  signal?: AbortSignal | undefined;
  /** Calls of one lane share one turn in the queue. */
  lane?: FairLane | undefined;
}

export interface CallScores {
  /** Calibrated probability of the positive class, per text in the order given. */
  probabilities: number[];
  tokens: number;
  /** Means over the texts of the call. */
  timing: { tokenizeMs: number; waitMs: number; computeMs: number };
}

const DROP_REASONS = ['overloaded', 'timed-out', 'hung-up'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What a metrics collector wants to know. */
export interface ScorerEvents {
  batch(batch: { texts: number; tokens: number; paddedTokens: number; computeMs: number }): void;
  call(call: { texts: number; timing: CallScores['timing'] }): void;
  dropped(reason: DropReason, texts: number): void;
}

export interface ScorerLimits {
  /** Padded tokens of one batch. */
  maxBatchTokens: number;
  /** Waiting tokens; over it a call is refused with `too-busy`. */
  maxQueueTokens: number;
}

export interface Scorer {
  readonly precision: Precision;
  /**
   * @throws AppError `too-busy` (details.retryAfterSeconds), `payload-too-large` for a call that could never
   * fit the queue, `timed-out`, `cancelled`, `unavailable` when the threads died or the scorer is closed
   */
  score(texts: readonly string[], options: ScoreOptions): Promise<CallScores>;
  readonly waitingTokens: number;
  readonly waitingTexts: number;
  readonly runningTexts: number;
  readonly liveThreads: number;
  /** Serves what waits, refuses what comes, then stops the threads. */
  close(): Promise<void>;
}

interface PendingText {
  call: PendingCall;
  index: number;
  ids: readonly number[];
}

interface PendingCall {
  texts: number;
  scores: CallScores;
  left: number;
  queuedMs: number;
  settled: boolean;
  fail(error: AppError): void;
  finish(): void;
}

interface ThreadSlot {
  thread: ScoringThread;
  batches: number;
}

/**
 * A thread may hold one batch more than it computes when there is work for all, so that it never waits for
 * the event loop.
 */
const BATCHES_AHEAD = 2;
const REOPEN_DELAYS_MS = [0, SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS];

export async function openScorer(options: {
  threadCount: number;
  openThread: () => Promise<ScoringThread>;
  /**
   * Token ids of a text, at most `maxLength`: batches are formed by true lengths, and a text's ids cost a
   * hundredth of its scoring.
   */
  tokenize: (text: string, maxLength: number) => readonly number[];
  limits: ScorerLimits;
  events: ScorerEvents;
  log: Logger;
}): Promise<Scorer> {
  const { limits, events, log } = options;
  const queue = createFairQueue<PendingText>();
  const rate = createRateMeter();
  const slots: ThreadSlot[] = [];
  const closing = new AbortController();
  let runningTexts = 0;
  let idle: (() => void) | undefined;

  const addThread = async (): Promise<void> => {
    const slot: ThreadSlot = { thread: await options.openThread(), batches: 0 };
    slots.push(slot);
    void slot.thread.gone.then(() => replaceThread(slot));
    dispatch();
  };

  const replaceThread = async (lost: ThreadSlot): Promise<void> => {
    slots.splice(slots.indexOf(lost), 1);
    if (closing.signal.aborted) {
      if (slots.length === 0) idle?.();
      return;
    }
    log.error('a scoring thread died; it is opened again');
    for (let attempt = 0; !closing.signal.aborted; attempt += 1) {
      try {
        await sleep(REOPEN_DELAYS_MS[attempt] ?? MINUTE_MS, closing.signal);
        return await addThread();
      } catch (thrown) {
        if (!closing.signal.aborted)
          log.error({ err: toError(thrown) }, 'a scoring thread could not be opened again');
      }
    }
  };

  const dispatch = (): void => {
    while (queue.waitingTexts > 0) {
      const backlog = queue.waitingTokens >= limits.maxBatchTokens * slots.length;
      const slot = slots
        .filter((candidate) => candidate.batches < (backlog ? BATCHES_AHEAD : 1))
        .toSorted((a, b) => a.batches - b.batches)[0];
      if (slot === undefined) return;
      // What waits is shared out, so that no thread takes all of it while the others run dry.
      const share = Math.ceil(queue.waitingTokens / slots.length);
      const batch = queue.takeBatch(Math.min(limits.maxBatchTokens, share));
      void runBatch(slot, batch);
    }
  };

  const runBatch = async (slot: ThreadSlot, batch: readonly PendingText[]): Promise<void> => {
    slot.batches += 1;
    runningTexts += batch.length;
    try {
      const scores = await slot.thread.score(batch.map(({ ids }) => ids));
      noteBatch(scores, batch);
    } catch (thrown) {
      const error =
        thrown instanceof AppError
          ? thrown
          : new AppError('internal', toError(thrown).message, { cause: thrown });
      for (const { call } of batch) call.fail(error);
    }
    slot.batches -= 1;
    runningTexts -= batch.length;
    dispatch();
    if (runningTexts === 0 && queue.waitingTexts === 0) idle?.();
  };

  const noteBatch = (scores: BatchScores, batch: readonly PendingText[]): void => {
    const { probabilities, computeMs } = scores;
    const tokens = batch.reduce((sum, { ids }) => sum + ids.length, 0);
    const longest = batch.reduce((most, { ids }) => Math.max(most, ids.length), 0);
    rate.note(tokens, computeMs);
    events.batch({ texts: batch.length, tokens, paddedTokens: longest * batch.length, computeMs });
    const nowMs = performance.now();
    batch.forEach(({ call, index, ids }, row) => {
      const { timing } = call.scores;
      call.scores.probabilities[index] = probabilities[row] ?? Number.NaN;
      call.scores.tokens += ids.length;
      const share = 1 / call.texts;
      timing.computeMs += computeMs * share;
      timing.waitMs += Math.max(0, nowMs - call.queuedMs - computeMs) * share;
      call.left -= 1;
      if (call.left === 0) call.finish();
    });
  };

  const requireThread = (): ScoringThread => {
    if (closing.signal.aborted) throw new AppError('unavailable', 'this model version is being unloaded');
    const [slot] = slots;
    if (slot !== undefined) return slot.thread;
    throw new AppError('unavailable', 'no scoring thread is alive; they are being opened again');
  };

  const admit = (sequences: readonly (readonly number[])[]): void => {
    const tokens = sequences.reduce((sum, ids) => sum + ids.length, 0);
    if (tokens > limits.maxQueueTokens) {
      throw new AppError(
        'payload-too-large',
        `the texts of this call have ${tokens} tokens and the queue holds ${limits.maxQueueTokens}: send fewer at a time`,
        { details: { field: 'items', tokens, limit: limits.maxQueueTokens } },
      );
    }
    if (queue.waitingTokens + tokens <= limits.maxQueueTokens) return;
    const retryAfterSeconds = rate.secondsFor(queue.waitingTokens, slots.length);
    events.dropped('overloaded', sequences.length);
    throw new AppError(
      'too-busy',
      `${queue.waitingTokens} tokens wait, ${tokens} more exceed the limit of ${limits.maxQueueTokens}: try again in ${retryAfterSeconds} s`,
      { details: { retryAfterSeconds, waitingTokens: queue.waitingTokens, limit: limits.maxQueueTokens } },
    );
  };

  const closeThreads = async (): Promise<void> => {
    await Promise.all(slots.map((slot) => slot.thread.close()));
  };

  const opened = await Promise.allSettled(Array.from({ length: options.threadCount }, () => addThread()));
  const failure = opened.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    closing.abort();
    await closeThreads();
    throw failure.reason;
  }

  return {
    precision: slots[0]?.thread.precision ?? 'fp32',
    score: (texts, { timeoutMs, signal, lane }) =>
      new Promise((resolve, reject) => {
        if (texts.length === 0) return resolve(createCallScores());
        if (signal?.aborted === true) return reject(hungUp(events, texts.length));
        const startedMs = performance.now();
        const { maxLength } = requireThread();
        const sequences = texts.map((text) => options.tokenize(text, maxLength));
        const queuedMs = performance.now();
        admit(sequences);
        let queued: FairCall | undefined;
        const onAbort = (): void => call.fail(hungUp(events, call.left));
        const timer = setTimeout(() => {
          events.dropped('timed-out', call.left);
          call.fail(
            new AppError('timed-out', `not scored within ${timeoutMs} ms`, { details: { timeoutMs } }),
          );
        }, timeoutMs);
        const settle = (): boolean => {
          if (call.settled) return false;
          call.settled = true;
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          return true;
        };
        const call: PendingCall = {
          texts: texts.length,
          scores: createCallScores((queuedMs - startedMs) / texts.length),
          left: texts.length,
          queuedMs,
          settled: false,
          fail: (error) => {
            if (!settle()) return;
            queued?.cancel();
            reject(error);
          },
          finish: () => {
            if (!settle()) return;
            events.call({ texts: texts.length, timing: call.scores.timing });
            resolve(call.scores);
          },
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        queued = queue.push(
          sequences.map((ids, index) => ({ value: { call, index, ids }, tokens: ids.length })),
          lane,
        );
        dispatch();
      }),
    get waitingTokens() {
      return queue.waitingTokens;
    },
    get waitingTexts() {
      return queue.waitingTexts;
    },
    get runningTexts() {
      return runningTexts;
    },
    get liveThreads() {
      return slots.length;
    },
    close: async () => {
      closing.abort();
      if (runningTexts + queue.waitingTexts > 0 && slots.length > 0)
        await new Promise<void>((resolve) => (idle = resolve));
      await closeThreads();
    },
  };
}

function createCallScores(tokenizeMs = 0): CallScores {
  return { probabilities: [], tokens: 0, timing: { tokenizeMs, waitMs: 0, computeMs: 0 } };
}

function hungUp(events: ScorerEvents, texts: number): AppError {
  events.dropped('hung-up', texts);
  return new AppError('cancelled', 'the caller hung up');
}
