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
  /** Called once when it is stopped, at once when it was already. */
  onStop(listener: () => void): void;
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
      const entry = new Entry(attempt, timeoutMs, running);
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

class Entry implements RunningAttempt {
  readonly attempt: Attempt;
  stopCause: StopCause | undefined;
  private readonly controller = new AbortController();
  private readonly timeoutMs: number;
  private readonly timer: NodeJS.Timeout;
  private readonly siblings: Set<RunningAttempt>;
  private listener: (() => void) | undefined;

  constructor(attempt: Attempt, timeoutMs: number, siblings: Set<RunningAttempt>) {
    this.attempt = attempt;
    this.timeoutMs = timeoutMs;
    this.siblings = siblings;
    this.timer = setTimeout(() => this.stop('timed-out'), timeoutMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stop(cause: StopCause): void {
    if (this.stopCause !== undefined) return;
    this.stopCause = cause;
    this.controller.abort(stopError(cause, this.attempt, this.timeoutMs));
    this.listener?.();
  }

  onStop(listener: () => void): void {
    if (this.stopCause === undefined) this.listener = listener;
    else listener();
  }

  finish(): void {
    clearTimeout(this.timer);
    this.siblings.delete(this);
  }
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
