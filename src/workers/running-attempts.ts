/** The attempts that this process is running, so that they can be stopped: by their timer, a cancelled run, a lost lock, or the end of the process. */
import { AppError, toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Db } from '../db/index.ts';
import { describeStage, jobId, type Attempt } from '../queues/index.ts';

export const STOP_CAUSES = ['timed-out', 'cancelled', 'lock-lost', 'shutdown'] as const;
export type StopCause = (typeof STOP_CAUSES)[number];

export interface RunningAttempt {
  readonly attempt: Attempt;
  readonly signal: AbortSignal;
  /** Why it was stopped; undefined while it was not. The first cause counts. */
  readonly stopCause: StopCause | undefined;
  stop(cause: StopCause): void;
  /** Ends the timer and forgets the attempt. */
  finish(): void;
}

export interface RunningAttempts {
  begin(attempt: Attempt, timeoutMs: number): RunningAttempt;
  /** Stops the attempts of these BullMQ jobs. */
  stopJobs(jobIds: readonly string[], cause: StopCause): void;
  stopAll(cause: StopCause): void;
  close(): Promise<void>;
}

/** How often the runs of the running attempts are checked for cancellation. */
const WATCH_INTERVAL_MS = 1000;

export function openRunningAttempts(db: Db, log: Logger): RunningAttempts {
  const running = new Set<RunningAttempt>();
  let watching: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const watch = async (): Promise<void> => {
    const ids = [...new Set([...running].map(({ attempt }) => attempt.runId))];
    try {
      const active = await db
        .selectFrom('pipeline_runs')
        .select('id')
        .where('id', 'in', ids)
        .where('status', '=', 'active')
        .execute();
      const activeIds = new Set(active.map(({ id }) => id));
      for (const entry of running) {
        if (ids.includes(entry.attempt.runId) && !activeIds.has(entry.attempt.runId)) entry.stop('cancelled');
      }
    } catch (error) {
      log.debug({ err: toError(error) }, 'could not check for cancelled runs');
    }
  };
  const schedule = (): void => {
    if (closed || timer !== undefined || running.size === 0) return;
    timer = setTimeout(() => {
      watching = watch().finally(() => {
        timer = undefined;
        schedule();
      });
    }, WATCH_INTERVAL_MS);
  };

  return {
    begin: (attempt, timeoutMs) => {
      const controller = new AbortController();
      let stopCause: StopCause | undefined;
      const entry: RunningAttempt = {
        attempt,
        signal: controller.signal,
        get stopCause() {
          return stopCause;
        },
        stop: (cause) => {
          if (stopCause !== undefined) return;
          stopCause = cause;
          controller.abort(stopError(cause, attempt, timeoutMs));
        },
        finish: () => {
          clearTimeout(timeout);
          running.delete(entry);
        },
      };
      const timeout = setTimeout(() => entry.stop('timed-out'), timeoutMs);
      running.add(entry);
      schedule();
      return entry;
    },
    stopJobs: (jobIds, cause) => {
      for (const entry of running) {
        const { runId, stage, candidate } = entry.attempt;
        if (jobIds.includes(jobId(runId, stage, candidate))) entry.stop(cause);
      }
    },
    stopAll: (cause) => {
      for (const entry of running) entry.stop(cause);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await watching;
    },
  };
}

function stopError(cause: StopCause, attempt: Attempt, timeoutMs: number): AppError {
  const what = describeStage(attempt);
  switch (cause) {
    case 'timed-out':
      return new AppError(
        'timed-out',
        `${what} took longer than ${timeoutMs} ms: raise queues.timeoutsMs.${attempt.stage}, or give it less to do`,
      );
    case 'cancelled':
      return new AppError('cancelled', `${what} was stopped because the run is no longer active`);
    case 'lock-lost':
      return new AppError('conflict', `${what} lost its lock and another worker may have taken it`);
    case 'shutdown':
      return new AppError('unavailable', `${what} was handed back because its worker is shutting down`);
    default:
      return cause satisfies never;
  }
}
