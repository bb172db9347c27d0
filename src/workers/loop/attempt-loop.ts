/**
 * What happens around a handler, for every job of every queue alike:
 *
 *   begin    takes the next attempt in PostgreSQL; a run that has ended or work that has its result ends here
 *   handle   the handler, under a timer and a signal
 *   commit   the result is in PostgreSQL before anyone is told
 *   hand on  what comes next is enqueued; done twice it counts once
 *
 * A worker killed between any two of them leaves a state from which the next attempt, or the reconciler, goes on.
 */
import { UnrecoverableError, WaitingError, type Job, type Processor } from 'bullmq';
import type { z } from 'zod';
import { toAppError, toError, type AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { AttemptOutcome } from '../../db/index.ts';
import { withPatience } from './retry-while-offline.ts';
import type { AttemptSubject, RunningAttempt, RunningAttempts } from './running-attempts.ts';

/** A handler that ignores its signal for so long is left behind. */
const ABORT_GRACE_MS = 10_000;

/** How things stood when a worker asked to begin. */
export type Begun<R extends object> =
  /** The run or prediction job that it belongs to is not active. */
  | { kind: 'over'; status: string }
  /** It failed for good or was cancelled. */
  | { kind: 'ended'; status: string }
  /** An earlier attempt has committed this. */
  | { kind: 'done'; result: unknown }
  | { kind: 'begun'; attempt: Attempting<R> };

/** One attempt: whoever holds an older number than the newest can commit nothing. */
export interface Attempting<R extends object> {
  number: number;
  timeoutMs: number;
  handle(entry: RunningAttempt): Promise<R>;
  commit(result: R): Promise<void>;
  end(end: { outcome: AttemptOutcome; error: AppError; isFinal: boolean }): Promise<void>;
}

/** A piece of work as the loop sees it: a stage of a run, or a step of a prediction job. */
export interface Work<R extends object> {
  subject: AttemptSubject;
  log: Logger;
  begin(): Promise<Begun<R>>;
  /** @param isRepeat the result was committed by an earlier attempt, which may have handed on as well */
  handOn(isRepeat: boolean): Promise<void>;
}

/** @throws UnrecoverableError for what no attempt can use */
export function parsePayload<P>(payload: z.ZodType<P>, job: Job): P {
  const parsed = payload.safeParse(job.data);
  if (parsed.success) return parsed.data;
  throw new UnrecoverableError(
    `job ${job.id ?? '?'} of ${job.queueName} carries no usable payload: ${parsed.error.message}`,
  );
}

export function createAttemptProcessor<R extends object>(
  openWork: (job: Job) => Work<R>,
  running: RunningAttempts,
): Processor {
  return async (job, token) => {
    const work = openWork(job);
    const { subject, log } = work;
    const begun = await withPatience(log, () => work.begin());
    switch (begun.kind) {
      case 'over':
        log.info({ status: begun.status }, `the ${subject.owner} has ended; nothing to do`);
        return { skipped: `the ${subject.owner} is ${begun.status}` };
      case 'ended':
        throw new UnrecoverableError(`${subject.description} has already ended as ${begun.status}`);
      case 'done':
        log.info('the result was already there; handing on');
        await work.handOn(true);
        return begun.result;
      case 'begun':
        break;
    }

    const { attempt } = begun;
    const entry = running.begin(subject, attempt.timeoutMs);
    let result: R;
    try {
      const handled = await untilStopped(attempt.handle(entry), entry, log);
      result = handled;
      await withPatience(log, () => attempt.commit(handled));
    } catch (thrown) {
      throw await settleFailure({ thrown, entry, attempt, job, token, log });
    } finally {
      entry.finish();
    }
    await work.handOn(false);
    return result;
  };
}

/** The handler's result; or the reason of the stop, when the handler has not settled some time after it. */
async function untilStopped<T>(handling: Promise<T>, entry: RunningAttempt, log: Logger): Promise<T> {
  let grace: NodeJS.Timeout | undefined;
  const leftBehind = new Promise<never>((_, reject) => {
    entry.onStop(() => {
      grace = setTimeout(() => {
        log.error('the handler ignores its abort signal and is left behind');
        reject(toError(entry.signal.reason));
      }, ABORT_GRACE_MS);
    });
  });
  try {
    return await Promise.race([handling, leftBehind]);
  } finally {
    clearTimeout(grace);
  }
}

/** Keeps why the attempt failed and returns what BullMQ must be told: try again later, never, or give it to another worker. */
async function settleFailure<R extends object>(failure: {
  thrown: unknown;
  entry: RunningAttempt;
  attempt: Attempting<R>;
  job: Job;
  token: string | undefined;
  log: Logger;
}): Promise<Error> {
  const { entry, attempt, job, log } = failure;
  const { stopCause } = entry;
  // A handler that was stopped may reject with anything; the reason of the stop is the truth.
  const error = stopCause === undefined ? toAppError(failure.thrown) : (entry.signal.reason as AppError);
  const end = async (outcome: AttemptOutcome, isFinal: boolean): Promise<void> =>
    await withPatience(log, () => attempt.end({ outcome, error, isFinal }));

  if (stopCause === 'lock-lost') return error;
  if (stopCause === 'shutdown') {
    await end('handed-back', false);
    await job.moveToWait(failure.token);
    log.info('handed back to the queue');
    return new WaitingError();
  }
  if (stopCause === 'cancelled') {
    await end('cancelled', false);
    log.info(`stopped, the ${entry.subject.owner} is no longer active`);
    return new UnrecoverableError(error.message);
  }
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  const isFinal = isLast || !error.traits.retryable;
  await end(stopCause === 'timed-out' ? 'timed-out' : 'failed', isFinal);
  log[isFinal ? 'error' : 'warn'](
    { err: failure.thrown, code: error.code, attempt: attempt.number },
    isFinal ? 'it has failed for good' : 'the attempt failed and will be repeated',
  );
  return isFinal ? new UnrecoverableError(error.message) : error;
}
