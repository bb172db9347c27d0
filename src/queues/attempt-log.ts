/** What attempts have logged, as it is kept with their run: the last lines of each. */
import type { Pool } from 'pg';
import { AppError } from '../core/errors.ts';
import type { AttemptOutcome, Db } from '../db/index.ts';
import type { WorkAttempt } from './work-state.ts';

/** Lines of one attempt that are kept; the first ones make way. */
export const KEPT_LOG_LINES = 500;

export interface LogLine {
  /** Counts from 1 over all lines of the attempt, those that made way included. */
  line: number;
  loggedAt: Date;
  level: string;
  message: string;
}

export interface AttemptLog {
  stage: string;
  candidate: string | null;
  attempt: number;
  outcome: AttemptOutcome;
  lines: LogLine[];
}

/** Writes the next lines of an attempt of a run; those that are there already are left as they are. */
export async function writeLogLines(
  pool: Pool,
  { ownerId, stage, part, attempt }: WorkAttempt,
  lines: readonly LogLine[],
): Promise<void> {
  const newest = lines.at(-1)?.line ?? 0;
  await pool.query({
    name: 'attempt-log-write',
    text: `
WITH made_way AS (
  DELETE FROM attempt_log_lines WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND attempt = $4 AND line <= $5
)
INSERT INTO attempt_log_lines (run_id, stage, candidate, attempt, line, logged_at, level, message)
SELECT $1, $2, $3, $4, line, "loggedAt", level, message
FROM jsonb_to_recordset($6::jsonb) AS written (line int, "loggedAt" timestamptz, level text, message text)
ON CONFLICT DO NOTHING`,
    values: [ownerId, stage, part, attempt, newest - KEPT_LOG_LINES, JSON.stringify(lines)],
  });
}

/**
 * The newest attempt of those that are asked for, and its lines after the line `after`.
 * @throws AppError `not-found` when there is none
 */
export async function readAttemptLog(
  db: Db,
  asked: {
    runId: string;
    stage?: string | undefined;
    candidate?: string | undefined;
    attempt?: number | undefined;
    after: number;
    limit: number;
  },
): Promise<AttemptLog> {
  let attempts = db.selectFrom('stage_attempts').selectAll().where('run_id', '=', asked.runId);
  if (asked.stage !== undefined) attempts = attempts.where('stage', '=', asked.stage);
  if (asked.candidate !== undefined) attempts = attempts.where('candidate', '=', asked.candidate);
  if (asked.attempt !== undefined) attempts = attempts.where('attempt', '=', asked.attempt);
  // The outcome is read before the lines: an attempt that had ended by then has no line that is still to be
  // read later.
  const found = await attempts.orderBy('started_at', 'desc').limit(1).executeTakeFirst();
  if (found === undefined) {
    const what = [asked.stage, asked.candidate, asked.attempt && `attempt ${asked.attempt}`].filter(Boolean);
    throw new AppError(
      'not-found',
      `run ${asked.runId} has no attempt${what.length === 0 ? '' : ` of ${what.join(', ')}`}: GET /runs/${asked.runId} shows those there are`,
    );
  }
  const { run_id, stage, candidate, attempt, outcome } = found;
  const lines = await db
    .selectFrom('attempt_log_lines')
    .select(['line', 'logged_at as loggedAt', 'level', 'message'])
    .where((where) => where.and({ run_id, stage, candidate, attempt }))
    .where('line', '>', asked.after)
    .orderBy('line')
    .limit(asked.limit)
    .execute();
  return { stage, candidate: candidate === '' ? null : candidate, attempt, outcome, lines };
}
