/** Shows a prediction job while it goes on: one live line on a terminal, a line per tenth elsewhere. */
import { sleep } from '../core/clock.ts';
import { AppError, ERROR_CODES } from '../core/errors.ts';
import type { Db } from '../db/index.ts';
import { getJob, type JobView } from '../queues/index.ts';
import type { Terminal } from './command.ts';
import { renderBar, renderDuration } from './render.ts';

const POLL_MS = 200;

/**
 * Returns when the job has ended, whatever its end; rejects with the signal's reason when it is aborted
 * first.
 */
export async function followJob(options: {
  db: Db;
  jobId: string;
  terminal: Terminal;
  signal: AbortSignal;
}): Promise<JobView> {
  const { db, jobId, terminal, signal } = options;
  let shown = '';
  for (;;) {
    const job = await getJob(db, jobId);
    const line = renderJobProgress(job);
    const state = terminal.isInteractive ? line : tenthOf(job);
    if (state !== shown) {
      const back = terminal.isInteractive && shown !== '' ? '\u001B[1A\u001B[2K' : '';
      terminal.note(back + (terminal.isInteractive ? line.slice(0, terminal.columns - 1) : line));
    }
    shown = state;
    if (job.status !== 'active') return job;
    await sleep(POLL_MS, signal);
  }
}

/** @throws AppError with the job's own error when it did not succeed */
export function requireJobSuccess(job: Pick<JobView, 'id' | 'status' | 'error'>): void {
  if (job.status === 'succeeded') return;
  if (job.status === 'cancelled') throw new AppError('cancelled', `job ${job.id} was cancelled`);
  if (job.status === 'paused')
    throw new AppError(
      'cancelled',
      `job ${job.id} was paused: the same command with --resume goes on with it`,
    );
  const code = ERROR_CODES.find((known) => known === job.error?.code) ?? 'unavailable';
  throw new AppError(
    code,
    `job ${job.id} is ${job.status}: ${job.error?.message ?? 'no reason was recorded'}`,
  );
}

function renderJobProgress(job: JobView): string {
  const { rows, shards } = job;
  if (rows.total === null) return '  reading the catalogue';
  const parts = [`  ${renderBar(rows.done / Math.max(1, rows.total))}  ${rows.done} of ${rows.total} rows`];
  if (job.status === 'active' && shards.done === shards.total) parts.push('writing the output');
  else if (job.status === 'active' && job.rowsPerSecond !== null) {
    parts.push(`${job.rowsPerSecond.toFixed(job.rowsPerSecond < 10 ? 1 : 0)} rows/s`);
    if (job.secondsLeft !== null) parts.push(`${renderDuration(job.secondsLeft * 1000)} left`);
  }
  if (rows.refused > 0) parts.push(`${rows.refused} refused`);
  return parts.join('  ');
}

function tenthOf({ status, rows }: JobView): string {
  return `${status} ${rows.total === null ? 'reading' : Math.floor((10 * rows.done) / Math.max(1, rows.total))}`;
}
