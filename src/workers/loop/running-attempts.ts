/**
 * The attempts that this process is running, so that they can be stopped: by their timer, a cancelled run or prediction job, a lost
 * lock, or the end of the process.
 */
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Db } from '../../db/index.ts';

export const STOP_CAUSES = ['timed-out', 'cancelled', 'lock-lost', 'shutdown'] as const;
export type StopCause = (typeof STOP_CAUSES)[number];

/** What is attempted. */
export interface AttemptSubject {
  /** What it belongs to and ends with. */
  owner: 'run' | 'job';
  ownerId: string;
  queueJobId: string;
  /** For messages: `train-model of candidate full in run 20261123-...`. */
  description: string;
  /** The setting that bounds an attempt, for messages. */
  timeoutSetting: string;
}

export interface RunningAttempt {
  readonly subject: AttemptSubject;
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
  begin(subject: AttemptSubject, timeoutMs: number): RunningAttempt;
  /** Stops the attempts of these BullMQ jobs. */
  stopJobs(jobIds: readonly string[], cause: StopCause): void;
  stopAll(cause: StopCause): void;
  close(): Promise<void>;
}

/** How often the owners of the running attempts are checked for cancellation. */
const WATCH_INTERVAL_MS = 1000;

export function openRunningAttempts(db: Db, log: Logger): RunningAttempts {
  const running = new Set<RunningAttempt>();
  let watching: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const watch = async (): Promise<void> => {
    const ids = (owner: AttemptSubject['owner']): string[] => [
      ...new Set([...running].filter(({ subject }) => subject.owner === owner).map(ownerIdOf)),
    ];
    const asked = { run: ids('run'), job: ids('job') };
    try {
      const active = {
        run: await findActive(db, 'pipeline_runs', asked.run),
        job: await findActive(db, 'prediction_jobs', asked.job),
      };
      for (const entry of running) {
        const { owner, ownerId } = entry.subject;
        if (asked[owner].includes(ownerId) && !active[owner].has(ownerId)) entry.stop('cancelled');
      }
    } catch (error) {
      log.debug({ err: toError(error) }, 'could not check for cancelled work');
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
    begin: (subject, timeoutMs) => {
      const entry = new Entry(subject, timeoutMs, running);
      running.add(entry);
      schedule();
      return entry;
    },
    stopJobs: (jobIds, cause) => {
      for (const entry of running) {
        if (jobIds.includes(entry.subject.queueJobId)) entry.stop(cause);
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

function ownerIdOf({ subject }: RunningAttempt): string {
  return subject.ownerId;
}

async function findActive(
  db: Db,
  table: 'pipeline_runs' | 'prediction_jobs',
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const active = await db
    .selectFrom(table)
    .select('id')
    .where('id', 'in', ids)
    .where('status', '=', 'active')
    .execute();
  return new Set(active.map(({ id }) => id));
}

class Entry implements RunningAttempt {
  readonly subject: AttemptSubject;
  stopCause: StopCause | undefined;
  private readonly controller = new AbortController();
  private readonly timeoutMs: number;
  private readonly timer: NodeJS.Timeout;
  private readonly siblings: Set<RunningAttempt>;
  private listener: (() => void) | undefined;

  constructor(subject: AttemptSubject, timeoutMs: number, siblings: Set<RunningAttempt>) {
    this.subject = subject;
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
    this.controller.abort(stopError(cause, this.subject, this.timeoutMs));
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

function stopError(cause: StopCause, subject: AttemptSubject, timeoutMs: number): AppError {
  const what = subject.description;
  switch (cause) {
    case 'timed-out':
      return new AppError(
        'timed-out',
        `${what} took longer than ${timeoutMs} ms: raise ${subject.timeoutSetting}, or give it less to do`,
      );
    case 'cancelled':
      return new AppError(
        'cancelled',
        `${what} was stopped because the ${subject.owner} is no longer active`,
      );
    case 'lock-lost':
      return new AppError('conflict', `${what} lost its lock and another worker may have taken it`);
    case 'shutdown':
      return new AppError('unavailable', `${what} was handed back because its worker is shutting down`);
    default:
      return cause satisfies never;
  }
}
