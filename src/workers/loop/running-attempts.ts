/**
 * The attempts that this process is running, so that they can be stopped: by their timer, a cancelled run or
 * prediction job, a lost lock, or the end of the process.
 */
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { outsideTraces } from '../../core/trace.ts';
import { findActive, type Flow } from '../../queues/index.ts';
import type { Pool } from 'pg';

const STOP_CAUSES = ['timed-out', 'cancelled', 'lock-lost', 'shutdown'] as const;
export type StopCause = (typeof STOP_CAUSES)[number];

/** What is attempted. */
export interface AttemptLabel {
  flow: Flow;
  /** The run or prediction job that it belongs to and ends with. */
  ownerId: string;
  queueJobId: string;
  /** For messages: `train-model of candidate full in run 20261123-...`. */
  description: string;
  /** The setting that bounds an attempt, for messages. */
  timeoutSetting: string;
}

export interface RunningAttempt {
  readonly label: AttemptLabel;
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
  begin(label: AttemptLabel, timeoutMs: number): RunningAttempt;
  /** Stops the attempts of these BullMQ jobs. */
  stopJobs(jobIds: readonly string[], cause: StopCause): void;
  stopAll(cause: StopCause): void;
  close(): Promise<void>;
}

/** How often the owners of the running attempts are checked for cancellation. */
const WATCH_INTERVAL_MS = 1000;

export function openRunningAttempts(pool: Pool, log: Logger): RunningAttempts {
  const running = new Set<RunningAttempt>();
  let watching: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const watch = async (): Promise<void> => {
    try {
      for (const flow of new Set([...running].map(({ label }) => label.flow))) {
        const asked = [...running].filter(({ label }) => label.flow === flow);
        const active = await findActive(flow, pool, [...new Set(asked.map(({ label }) => label.ownerId))]);
        for (const entry of asked) if (!active.has(entry.label.ownerId)) entry.stop('cancelled');
      }
    } catch (error) {
      log.debug({ err: toError(error) }, 'could not check for cancelled work');
    }
  };
  const schedule = (): void => {
    if (closed || timer !== undefined || running.size === 0) return;
    timer = setTimeout(() => {
      watching = outsideTraces(watch).finally(() => {
        timer = undefined;
        schedule();
      });
    }, WATCH_INTERVAL_MS);
  };

  return {
    begin: (label, timeoutMs) => {
      const entry = new Entry(label, timeoutMs, running);
      running.add(entry);
      schedule();
      return entry;
    },
    stopJobs: (jobIds, cause) => {
      for (const entry of running) {
        if (jobIds.includes(entry.label.queueJobId)) entry.stop(cause);
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
  readonly label: AttemptLabel;
  stopCause: StopCause | undefined;
  private readonly controller = new AbortController();
  private readonly timeoutMs: number;
  private readonly timer: NodeJS.Timeout;
  private readonly siblings: Set<RunningAttempt>;
  private listener: (() => void) | undefined;

  constructor(label: AttemptLabel, timeoutMs: number, siblings: Set<RunningAttempt>) {
    this.label = label;
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
    this.controller.abort(stopError(cause, this.label, this.timeoutMs));
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

function stopError(cause: StopCause, label: AttemptLabel, timeoutMs: number): AppError {
  const what = label.description;
  switch (cause) {
    case 'timed-out':
      return new AppError(
        'timed-out',
        `${what} took longer than ${timeoutMs} ms: raise ${label.timeoutSetting}, or give it less to do`,
      );
    case 'cancelled':
      return new AppError(
        'cancelled',
        `${what} was stopped because the ${label.flow.name} is no longer active`,
      );
    case 'lock-lost':
      return new AppError('conflict', `${what} lost its lock and another worker may have taken it`);
    case 'shutdown':
      return new AppError('unavailable', `${what} was handed back because its worker is shutting down`);
    default:
      return cause satisfies never;
  }
}
