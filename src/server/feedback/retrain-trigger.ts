/**
 * Starts a run when enough feedback waits to be learned from: `retrainAfter` of them and `debounceMs` of
 * quiet since the last, or twice as many, so that feedback which never pauses is not waited for in vain; and
 * one when the champion is expected to have lost `learning.drift.startRun` of its accuracy.
 * Every server process may run one; the database lets one run start.
 */
import { DAY_MS, type Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { countUntakenFeedback } from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import type { RunStarter } from '../../queues/index.ts';
import { readLostAccuracy } from '../learning-metrics.ts';

export interface RetrainTrigger {
  /** Looks whether a run is due, and starts it. Never rejects. @returns the run's id when one was started */
  check(): Promise<string | undefined>;
  close(): Promise<void>;
}

const LONGEST_CHECK_MS = 60_000;

export function openRetrainTrigger(deps: {
  db: Db;
  starter: RunStarter;
  config: Pick<Config, 'feedback' | 'learning' | 'model'>;
  clock: Clock;
  log: Logger;
}): RetrainTrigger {
  const { db, starter, clock, log } = deps;
  const config = deps.config.feedback;
  const { drift } = deps.config.learning;
  let running: Promise<string | undefined> | undefined;

  const startIfDue = async (): Promise<string | undefined> => {
    try {
      const trigger = (await isDue()) ? 'feedback' : (await isDrifting()) ? 'drift' : undefined;
      if (trigger === undefined) return undefined;
      const { runId } = await starter.startRun({ trigger });
      log.info(
        { runId, trigger },
        trigger === 'feedback'
          ? 'enough feedback: a run was started'
          : 'the champion has lost accuracy: a run was started',
      );
      return runId;
    } catch (thrown) {
      const error = toError(thrown);
      // An active run takes this feedback in, or the next check finds it gone.
      if (error instanceof AppError && error.code === 'conflict') return undefined;
      log.warn({ err: error }, 'no run could be started by itself; it is tried again');
      return undefined;
    }
  };

  const isDue = async (): Promise<boolean> => {
    if (config.retrainAfter === 0) return false;
    const { count, lastAt } = await countUntakenFeedback(db, 2 * config.retrainAfter);
    if (lastAt === null || count < config.retrainAfter) return false;
    const isQuiet = clock.nowMs() - lastAt.getTime() >= config.debounceMs;
    if (!isQuiet && count < 2 * config.retrainAfter) return false;
    // A run that was started for this very feedback and failed is not started again and again.
    const tried = await db
      .selectFrom('pipeline_runs')
      .select('id')
      .where('trigger', '=', 'feedback')
      .where('created_at', '>=', lastAt)
      .executeTakeFirst();
    return tried === undefined;
  };

  const isDrifting = async (): Promise<boolean> => {
    if (drift.startRun === null) return false;
    const lost = await readLostAccuracy({ db, config: deps.config, clock });
    if (lost === undefined || lost < drift.startRun) return false;
    // What a run could not mend, another one of the same days will not either.
    const tried = await db
      .selectFrom('pipeline_runs')
      .select('id')
      .where('trigger', '=', 'drift')
      .where('created_at', '>=', new Date(clock.nowMs() - drift.days * DAY_MS))
      .executeTakeFirst();
    return tried === undefined;
  };

  const check = async (): Promise<string | undefined> => {
    if (config.retrainAfter === 0 && drift.startRun === null) return undefined;
    running ??= startIfDue().finally(() => {
      running = undefined;
    });
    return await running;
  };
  const timer = setInterval(
    () => void check(),
    Math.min(LONGEST_CHECK_MS, Math.max(1000, config.debounceMs)),
  );
  timer.unref();
  return {
    check,
    close: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
