/** A worker per stage, the worker of the schedule's ticks, and the reconciler, opened and closed together. */
import { hostname } from 'node:os';
import type { Processor, Worker } from 'bullmq';
import { deleteOldAudit } from '../audit/index.ts';
import { DAY_MS, SECOND_MS, withDeadline, type Clock } from '../core/clock.ts';
import { toError } from '../core/errors.ts';
import { randomSlug } from '../core/ids.ts';
import type { Logger } from '../core/log.ts';
import { RELEASE_MS } from '../core/resources.ts';
import {
  BACKOFF_TYPE,
  backoffDelayMs,
  restoreSchedule,
  slotOf,
  stageSettings,
  START_RUN_QUEUE,
  type RunStarter,
  type StageQueues,
} from '../queues/index.ts';
import { createStageProcessor, type LoopDeps } from './loop/attempt-loop.ts';
import type { Handlers, StageServices } from './loop/context.ts';
import { openAttemptLogs } from './loop/attempt-logs.ts';
import { openRunningAttempts } from './loop/running-attempts.ts';
import { cleanLeftovers } from './upkeep/clean-leftovers.ts';
import { freeJobs } from './upkeep/free-jobs.ts';
import { openReconciler, reconcile } from './upkeep/reconciler.ts';

export interface Workers {
  readonly workerId: string;
  /**
   * Takes no new job, lets running ones finish for a while, then stops them and gives them back to their
   * queues. Queues that do not answer then are left: others take the jobs over once their locks have run out.
   */
  close(): Promise<void>;
  readonly closesWithinMs: number;
}

/** Whoever starts the process again waits better than a start that no signal ends. */
const READY_MS = 20 * SECOND_MS;
/** So long stopped attempts may take to be handed back. */
const HAND_BACK_MS = 5 * SECOND_MS;

export async function openWorkers(options: {
  queues: StageQueues;
  runs: RunStarter;
  services: StageServices;
  handlers: Handlers;
  log: Logger;
  clock: Clock;
  /** All of them by default. */
  stages?: readonly string[];
  /** Jobs of one stage at a time, in place of `queues.concurrency`. */
  concurrency?: number;
  /** In place of `queues.shutdownGraceMs`. */
  drainMs?: number;
}): Promise<Workers> {
  const { queues, runs, services, handlers, log, clock } = options;
  const config = services.config.queues;
  const workerId = `${hostname()}-${process.pid}-${randomSlug(4)}`;
  const running = openRunningAttempts(services.database.pool, log);
  const logs = openAttemptLogs(services.database.pool, services.config, log);
  const deps: LoopDeps = { queues, services, config, running, logs, workerId, log, clock };
  const workers: Worker[] = [];

  const open = (name: string, processor: Processor, concurrency: number): void => {
    const worker = queues.backend.openWorker(name, processor, {
      name: workerId,
      concurrency,
      lockDuration: config.lockDurationMs,
      stalledInterval: config.stalledIntervalMs,
      maxStalledCount: config.maxStalledCount,
      // BullMQ's own 15 s would outlast a drain.
      runRetryDelay: SECOND_MS,
      settings: {
        backoffStrategy: (failures, type) =>
          type === BACKOFF_TYPE ? backoffDelayMs(config, failures, Math.random()) : config.backoffMs,
      },
    });
    worker.on('error', (error) => log.warn({ err: error, queue: name }, 'worker error'));
    worker.on('stalled', (id) =>
      log.warn({ job: id, queue: name }, 'a job whose worker was lost runs again'),
    );
    worker.on('lockRenewalFailed', (ids) => running.stopJobs(ids, 'lock-lost'));
    workers.push(worker);
  };
  for (const flow of queues.flows) {
    for (const stage of flow.names) {
      const handler = handlers[stage];
      if (handler === undefined || options.stages?.includes(stage) === false) continue;
      const { concurrency } = stageSettings(flow, stage, config);
      const processor = createStageProcessor(flow, stage, handler, deps);
      open(stage, processor, options.concurrency ?? concurrency);
    }
  }
  open(START_RUN_QUEUE, createTickProcessor(runs, log), 1);

  const { database, artifacts } = services;
  const { retentionDays } = services.config.jobs;
  const reconciler = openReconciler({
    passes: [
      async () => {
        const corrected = await queues.backend.correctTimes(config.lockDurationMs);
        if (corrected > 0)
          log.warn({ corrected }, 'a machine whose clock runs ahead has left times in the queues: corrected');
      },
      () => reconcile({ database, queues, log }),
      async () => {
        if (await restoreSchedule(queues, services.config.pipeline.schedule))
          log.warn('the queues had no schedule: it is set again');
      },
      createDaily(clock, async () => {
        const deleted = await deleteOldAudit(database.db, clock, services.config.audit.keepDays);
        if (deleted > 0) log.info({ deleted }, 'old entries of the audit log are deleted');
      }),
      () => freeJobs({ database, artifacts, retentionDays, log }),
      createCleaning(services, clock, log),
    ],
    log,
    intervalMs: config.reconcileIntervalMs,
  });
  const drainMs = options.drainMs ?? config.shutdownGraceMs;
  const boundMs = drainMs + HAND_BACK_MS;
  const opened: Workers = {
    workerId,
    closesWithinMs: boundMs + RELEASE_MS,
    close: async () => {
      const startedMs = performance.now();
      log.info({ workerId, drainMs }, 'the workers drain');
      const open = new Set(['upkeep', ...workers.map(({ name }) => name)]);
      const end = async (name: string, ending: Promise<void>): Promise<void> => {
        await ending;
        open.delete(name);
      };
      const drained = Promise.all([
        end('upkeep', reconciler.close()),
        ...workers.map((worker) => end(worker.name, worker.close())),
      ]);
      const timer = setTimeout(() => running.stopAll('shutdown'), drainMs);
      const elapsedMs = (): number => Math.round(performance.now() - startedMs);
      try {
        await withDeadline(drained, boundMs, 'queues or database do not answer');
        log.info({ workerId, elapsedMs: elapsedMs() }, 'the workers have drained');
      } catch (thrown) {
        log.warn(
          { workerId, elapsedMs: elapsedMs(), left: [...open], err: toError(thrown) },
          'the workers have not drained in time: what they had in hand goes on elsewhere',
        );
      } finally {
        clearTimeout(timer);
        await running.close();
        await logs.close();
      }
    },
  };
  try {
    const ready = Promise.all(workers.map((worker) => worker.waitUntilReady()));
    await withDeadline(ready, READY_MS, 'the queues do not answer: workers cannot start');
  } catch (error) {
    await opened
      .close()
      .catch((thrown: unknown) => log.warn({ err: toError(thrown) }, 'workers do not close'));
    throw error;
  }
  log.info(
    { workerId, queues: workers.map(({ name }) => name), backend: queues.backend.kind },
    'workers are ready',
  );
  return opened;
}

function createTickProcessor(runs: RunStarter, log: Logger): Processor {
  return async (job) => {
    const slot = slotOf(job.id ?? '');
    if (slot === undefined) {
      log.warn({ job: job.id }, 'a job of start-run that no schedule has made is ignored');
      return { outcome: 'ignored' };
    }
    const started = await runs.startScheduledRun(slot).catch((error: unknown) => {
      log.warn({ err: toError(error), slot }, 'the tick of the schedule failed');
      throw error;
    });
    log.info({ slot, ...started }, 'the schedule ticked');
    return started;
  };
}

/** On the first beat and then once a day. */
function createDaily(clock: Clock, pass: () => Promise<void>): () => Promise<void> {
  let nextMs = 0;
  return async () => {
    if (clock.nowMs() < nextMs) return;
    nextMs = clock.nowMs() + DAY_MS;
    await pass();
  };
}

/**
 * On the first beat and then no oftener than a tenth of the age that leftovers are kept for: listing a store
 * costs.
 */
function createCleaning(services: StageServices, clock: Clock, log: Logger): () => Promise<void> {
  let nextMs = 0;
  return async () => {
    if (clock.nowMs() < nextMs) return;
    nextMs = clock.nowMs() + services.config.storage.leftoverAgeMs / 10;
    const removed = await cleanLeftovers(services, clock);
    if (removed.length > 0) log.info({ removed }, 'leftovers of ended runs are removed');
  };
}
