/**
 * What happens around a handler, for every stage of every flow alike:
 *
 *   begin    takes the next attempt in PostgreSQL; an owner that has ended or work that has its result ends
 *            here
 *   handle   the handler, under a timer and a signal
 *   commit   the result is in PostgreSQL before anyone is told
 *   next     what has become due is enqueued; done twice it counts once
 *
 * A worker killed between any two of them leaves a state from which the next attempt, or the reconciler, goes
 * on.
 */
import { UnrecoverableError, WaitingError, type Job, type Processor } from 'bullmq';
import type { Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { toAppError, toError, type AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { inSpan } from '../../core/trace.ts';
import type { AttemptOutcome } from '../../db/index.ts';
import {
  beginAttempt,
  commitResult,
  declarationOf,
  describeWork,
  endAttempt,
  enqueueNext,
  keyOf,
  queueJobId,
  stageSettings,
  storeError,
  type Flow,
  type StageQueues,
  type WorkAttempt,
  type WorkKey,
} from '../../queues/index.ts';
import type { AttemptLogs } from './attempt-logs.ts';
import { createContext, type Handlers, type StageServices } from './context.ts';
import { retryWhileOffline } from './retry-while-offline.ts';
import type { RunningAttempt, RunningAttempts } from './running-attempts.ts';

/** A handler that ignores its signal for so long is left behind. */
const ABORT_GRACE_MS = 10_000;

export interface LoopDeps {
  queues: StageQueues;
  services: StageServices;
  config: Config['queues'];
  running: RunningAttempts;
  logs: AttemptLogs;
  workerId: string;
  log: Logger;
  clock: Clock;
}

/** How things stood when a worker asked to begin. */
type Start =
  /** The run or prediction job that it belongs to is not active. */
  | { kind: 'over'; status: string }
  /** It failed for good or was cancelled. */
  | { kind: 'ended'; status: string }
  /** An earlier attempt has committed this. */
  | { kind: 'done'; result: unknown; owner: unknown }
  | { kind: 'begun'; attempt: WorkAttempt; owner: unknown; input: string | null };

export function createStageProcessor(
  flow: Flow,
  stage: string,
  handler: NonNullable<Handlers[string]>,
  deps: LoopDeps,
): Processor {
  const { queues, services, workerId } = deps;
  const { pool } = services.database;
  const { timeoutMs } = stageSettings(flow, stage, deps.config);
  const { result: resultSchema, each } = declarationOf(flow, stage);
  const payloadSchema = each === undefined ? flow.payload.single : flow.payload.part;
  // Options never change once their owner is made; a worker mostly sees jobs of one.
  let known: { ownerId: string; options: unknown } | undefined;

  const start = async (key: WorkKey): Promise<Start> => {
    const begun = await beginAttempt(pool, flow, key, workerId);
    if (begun === undefined || begun.ownerStatus !== 'active')
      return { kind: 'over', status: begun?.ownerStatus ?? 'missing' };
    if (known?.ownerId !== key.ownerId)
      known = { ownerId: key.ownerId, options: flow.options.parse(begun.owner['options']) };
    const owner = flow.toOwner(begun.owner, known.options);
    if (begun.attempt === null) {
      return begun.previous === 'succeeded'
        ? { kind: 'done', result: begun.result, owner }
        : { kind: 'ended', status: String(begun.previous) };
    }
    return { kind: 'begun', attempt: { ...key, attempt: begun.attempt }, owner, input: begun.input };
  };

  return async (job, token) => {
    const payload = parsePayload(payloadSchema, job);
    const key = keyOf(flow, stage, payload);
    const processLog = deps.log.child({
      [flow.name]: key.ownerId,
      stage,
      ...(key.part !== '' && { [flow.tables.part]: key.part }),
    });
    const begun = await retryWhileOffline(processLog, () => start(key));
    switch (begun.kind) {
      case 'over':
        processLog.info({ status: begun.status }, `the ${flow.name} has ended; nothing to do`);
        return { skipped: `the ${flow.name} is ${begun.status}` };
      case 'ended':
        throw new UnrecoverableError(`${describeWork(flow, key)} has already ended as ${begun.status}`);
      case 'done':
        processLog.info('the result was already there; enqueueing what comes next');
        await enqueueNext(flow, { pool, queues }, begun.owner, key);
        return begun.result;
      case 'begun':
        break;
    }

    const { attempt, owner, input } = begun;
    const log = flow.tables.attempts === null ? processLog : deps.logs.begin(attempt, processLog);
    const entry = deps.running.begin(
      {
        flow,
        ownerId: key.ownerId,
        queueJobId: queueJobId(key),
        description: describeWork(flow, key),
        timeoutSetting: `queues.timeoutsMs.${stage}`,
      },
      timeoutMs,
    );
    const { signal } = entry;
    const context = createContext({
      flow,
      owner,
      attempt,
      input,
      signal,
      services,
      log,
      clock: deps.clock,
      queueJob: job,
    });
    let result: object;
    try {
      const attributes = {
        [`copyloop.${flow.name}`]: key.ownerId,
        'copyloop.stage': stage,
        'copyloop.attempt': attempt.attempt,
        ...(key.part !== '' && { [`copyloop.${flow.tables.part}`]: key.part }),
      };
      const handling = inSpan(
        `stage ${stage}`,
        { attributes },
        async () => await handler(payload as never, context as never),
      );
      const handled = resultSchema.parse(await untilStopped(handling, entry, log));
      result = handled;
      await retryWhileOffline(log, () => commitResult(pool, flow, attempt, handled));
    } catch (thrown) {
      const end = (outcome: AttemptOutcome, error: AppError, isFinal: boolean): Promise<boolean> =>
        endAttempt(pool, flow, attempt, { outcome, error: storeError(flow, error, attempt), isFinal });
      throw await settleFailure({ thrown, entry, attempt, job, token, log, end });
    } finally {
      entry.finish();
    }
    await enqueueNext(flow, { pool, queues }, owner, key);
    return result;
  };
}

/** @throws UnrecoverableError for what no attempt can use */
function parsePayload(schema: Flow['payload']['single'], job: Job): Record<string, unknown> {
  const parsed = schema.safeParse(job.data);
  if (parsed.success) return parsed.data as Record<string, unknown>;
  throw new UnrecoverableError(
    `job ${job.id ?? '?'} of ${job.queueName} carries no usable payload: ${parsed.error.message}`,
  );
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

/**
 * Keeps why the attempt failed and returns what BullMQ must be told: try again later, never, or give it to
 * another worker.
 */
async function settleFailure(failure: {
  thrown: unknown;
  entry: RunningAttempt;
  attempt: WorkAttempt;
  job: Job;
  token: string | undefined;
  log: Logger;
  end: (outcome: AttemptOutcome, error: AppError, isFinal: boolean) => Promise<boolean>;
}): Promise<Error> {
  const { entry, attempt, job, log } = failure;
  const { stopCause } = entry;
  // A handler that was stopped may reject with anything; the reason of the stop is the truth.
  const error = stopCause === undefined ? toAppError(failure.thrown) : (entry.signal.reason as AppError);
  const end = async (outcome: AttemptOutcome, isFinal: boolean): Promise<boolean> =>
    await retryWhileOffline(log, () => failure.end(outcome, error, isFinal));
  const handBack = async (why: string): Promise<Error> => {
    await job.moveToWait(failure.token);
    log.info(why);
    return new WaitingError();
  };

  if (stopCause === 'lock-lost') return error;
  if (stopCause === 'shutdown') {
    await end('handed-back', false);
    return await handBack('handed back to the queue');
  }
  if (stopCause === 'cancelled') {
    await end('cancelled', false);
    log.info(`stopped, the ${entry.label.flow.name} is no longer active`);
    return new UnrecoverableError(error.message);
  }
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  const isFinal = isLast || !error.traits.retryable;
  // The later attempt may have been begun by a worker that had lost the queue job before its message arrived,
  // so that nobody is at the work: a queue job that failed now would leave it under way for good. Handed
  // back, it asks how things stand. That uses up no attempt, and cannot go on for ever, since each time
  // somebody else has begun.
  if (!(await end(stopCause === 'timed-out' ? 'timed-out' : 'failed', isFinal)))
    return await handBack('taken over by a later attempt, or cancelled: handed back to the queue');
  log[isFinal ? 'error' : 'warn'](
    { err: failure.thrown, code: error.code, attempt: attempt.attempt },
    isFinal ? 'it has failed for good' : 'the attempt failed and will be repeated',
  );
  return isFinal ? new UnrecoverableError(error.message) : error;
}
