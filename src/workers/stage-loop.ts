/**
 * What happens around a stage handler, for every job alike:
 *
 *   begin    takes the next attempt in PostgreSQL; a run that has ended or a stage that has its result ends here
 *   handle   the handler, under a timer and a signal
 *   commit   the result is in PostgreSQL before anyone is told
 *   hand on  the next stage is enqueued; done twice it counts once
 *
 * A worker killed between any two of them leaves a state from which the next attempt, or the reconciler, goes on.
 */
import { UnrecoverableError, WaitingError, type Job, type Processor } from 'bullmq';
import type { Clock } from '../core/clock.ts';
import type { Config, Stage } from '../core/config/index.ts';
import { toAppError, toError, type AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { AttemptOutcome } from '../db/index.ts';
import {
  beginAttempt,
  CATALOGUE,
  commitResult,
  describeStage,
  endAttempt,
  nextStep,
  runOptionsSchema,
  storeError,
  type Attempt,
  type RunOptions,
  type StageKey,
  type StagePayload,
  type StageQueues,
  type StageResult,
} from '../queues/index.ts';
import type { StageHandler, StageServices } from './context.ts';
import { createStageContext } from './create-context.ts';
import { withPatience } from './patience.ts';
import type { RunningAttempt, RunningAttempts } from './running-attempts.ts';

/** A handler that ignores its signal for so long is left behind. */
const ABORT_GRACE_MS = 10_000;

export interface LoopDeps {
  queues: StageQueues;
  services: StageServices;
  config: Config['queues'];
  running: RunningAttempts;
  workerId: string;
  log: Logger;
  clock: Clock;
}

export function createStageProcessor<S extends Stage>(
  stage: S,
  handler: StageHandler<S>,
  deps: LoopDeps,
): Processor {
  const { queues, running, workerId } = deps;
  const { pool } = deps.services.database;
  // Options never change once the run is made; a worker mostly sees jobs of one run.
  let known: { runId: string; options: RunOptions } | undefined;
  const optionsOf = (runId: string, stored: unknown): RunOptions => {
    if (known?.runId !== runId) known = { runId, options: runOptionsSchema.parse(stored) };
    return known.options;
  };

  return async (job, token) => {
    const payload = parsePayload(stage, job);
    const key: StageKey = {
      runId: payload.runId,
      stage,
      candidate: 'candidate' in payload ? payload.candidate : '',
    };
    const log = deps.log.child({
      run: key.runId,
      stage,
      ...(key.candidate !== '' && { candidate: key.candidate }),
    });

    const begun = await withPatience(log, () => beginAttempt(pool, key, workerId));
    if (begun === undefined || begun.runStatus !== 'active') {
      log.info({ status: begun?.runStatus ?? 'missing' }, 'the run has ended; nothing to do');
      return { skipped: `the run is ${begun?.runStatus ?? 'missing'}` };
    }
    const options = optionsOf(key.runId, begun.options);
    if (begun.attempt === null) {
      if (begun.previous !== 'succeeded') {
        throw new UnrecoverableError(`${describeStage(key)} has already ended as ${begun.previous}`);
      }
      log.info('the result was already there; handing on');
      await handOn(queues, key, options, true);
      return begun.result;
    }

    const attempt: Attempt = { ...key, attempt: begun.attempt };
    const entry = running.begin(attempt, deps.config.timeoutsMs[stage]);
    let result: StageResult<S>;
    try {
      const context = createStageContext({
        attempt,
        run: { id: key.runId, number: begun.runNumber, trigger: begun.trigger, options },
        signal: entry.signal,
        services: deps.services,
        clock: deps.clock,
        log,
        reportToQueue: (fraction) => job.updateProgress(Math.round(100 * fraction)),
      });
      const handled = await untilStopped(handler(payload, context), entry, log);
      result = CATALOGUE[stage].result.parse(handled) as StageResult<S>;
      await withPatience(log, () => commitResult(pool, attempt, result));
    } catch (thrown) {
      throw await settleFailure({ thrown, entry, job, token, deps, log });
    } finally {
      entry.finish();
    }
    await handOn(queues, key, options, false);
    return result;
  };
}

function parsePayload<S extends Stage>(stage: S, job: Job): StagePayload<S> {
  const parsed = CATALOGUE[stage].payload.safeParse(job.data);
  if (parsed.success) return parsed.data as StagePayload<S>;
  throw new UnrecoverableError(
    `job ${job.id ?? '?'} of ${stage} carries no usable payload: ${parsed.error.message}`,
  );
}

/** The handler's result; or the reason of the stop, when the handler has not settled some time after it. */
async function untilStopped<T>(handling: Promise<T>, entry: RunningAttempt, log: Logger): Promise<T> {
  let grace: NodeJS.Timeout | undefined;
  const leftBehind = new Promise<never>((_, reject) => {
    entry.onStop(() => {
      grace = setTimeout(() => {
        log.error(
          { attempt: entry.attempt.attempt },
          'the handler ignores its abort signal and is left behind',
        );
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
async function settleFailure(failure: {
  thrown: unknown;
  entry: RunningAttempt;
  job: Job;
  token: string | undefined;
  deps: LoopDeps;
  log: Logger;
}): Promise<Error> {
  const { entry, job, deps, log } = failure;
  const { attempt, stopCause } = entry;
  const { pool } = deps.services.database;
  // A handler that was stopped may reject with anything; the reason of the stop is the truth.
  const error = stopCause === undefined ? toAppError(failure.thrown) : (entry.signal.reason as AppError);
  const end = async (outcome: AttemptOutcome, isFinal: boolean): Promise<void> =>
    await withPatience(log, () =>
      endAttempt(pool, attempt, { outcome, error: storeError(error, attempt), isFinal }),
    );

  if (stopCause === 'lock-lost') return error;
  if (stopCause === 'shutdown') {
    await end('handed-back', false);
    await job.moveToWait(failure.token);
    log.info('handed back to the queue');
    return new WaitingError();
  }
  if (stopCause === 'cancelled') {
    await end('cancelled', false);
    log.info('stopped, the run is no longer active');
    return new UnrecoverableError(error.message);
  }
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  const isFinal = isLast || !error.traits.retryable;
  await end(stopCause === 'timed-out' ? 'timed-out' : 'failed', isFinal);
  log[isFinal ? 'error' : 'warn'](
    { err: failure.thrown, code: error.code, attempt: attempt.attempt },
    isFinal ? 'the stage has failed for good' : 'the attempt failed and will be repeated',
  );
  return isFinal ? new UnrecoverableError(error.message) : error;
}

/** @param isRepeat the result was committed by an earlier attempt, which may have handed on as well */
async function handOn(
  queues: StageQueues,
  key: StageKey,
  options: RunOptions,
  isRepeat: boolean,
): Promise<void> {
  const next = nextStep(key.stage);
  switch (next.kind) {
    case 'none':
      return;
    case 'stage':
      await queues.enqueueStage(next.stage, key.runId);
      return;
    case 'training':
      // A flow is added whole or not at all; adding a failed child again would leave its parent waiting for ever.
      if (isRepeat && (await queues.stateOf('register-model', key.runId)) !== 'unknown') return;
      await queues.enqueueTraining(
        key.runId,
        options.candidates.map(({ name }) => name),
      );
      return;
    default:
      next satisfies never;
  }
}
