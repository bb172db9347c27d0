/**
 * What a worker writes about the stage it runs. Each step is one statement, so one round trip and one commit.
 * An attempt holds a number (`stage_states.attempts`): whoever holds an older one can write nothing any more, so of two workers
 * that run the same stage, as after a lost lock, one commits.
 */
import type { Pool } from 'pg';
import type { Stage } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import type { AttemptOutcome, RunStatus, RunTrigger, StageStatus, StoredError } from '../db/index.ts';
import { CLOSING_STAGE, endsRunWhenFailed } from './run-flow.ts';

export interface StageKey {
  runId: string;
  stage: Stage;
  /** '' for the stages that have no candidates. */
  candidate: string;
}

export interface Attempt extends StageKey {
  /** The fencing number. */
  attempt: number;
}

/** How things stood when a worker asked to begin. */
export interface BeginResult {
  runStatus: RunStatus;
  runNumber: number;
  trigger: RunTrigger;
  options: unknown;
  /** null: nothing to do; `previous` says why. */
  attempt: number | null;
  previous: StageStatus | null;
  result: unknown;
}

const BEGIN = `
WITH run AS (
  SELECT id, status, number, trigger, options FROM pipeline_runs WHERE id = $1
), previous AS (
  SELECT status, result FROM stage_states WHERE run_id = $1 AND stage = $2 AND candidate = $3
), state AS (
  INSERT INTO stage_states AS s (run_id, stage, candidate, status, worker_id)
  SELECT id, $2, $3, 'running', $4 FROM run WHERE status = 'active'
  ON CONFLICT (run_id, stage, candidate) DO UPDATE
    SET status = 'running', attempts = s.attempts + 1, worker_id = $4, progress = NULL
    WHERE s.status IN ('running', 'retrying')
  RETURNING attempts
), lost AS (
  UPDATE stage_attempts SET outcome = 'lost', finished_at = clock_timestamp()
  WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND outcome = 'running' AND EXISTS (SELECT FROM state)
), attempt AS (
  INSERT INTO stage_attempts (run_id, stage, candidate, attempt, worker_id, started_at)
  SELECT $1, $2, $3, attempts, $4, clock_timestamp() FROM state
)
SELECT run.status AS run_status, run.number, run.trigger, run.options, state.attempts AS attempt,
       previous.status AS previous, previous.result
FROM run LEFT JOIN state ON true LEFT JOIN previous ON true`;

/** @returns undefined when there is no such run */
export async function beginAttempt(
  pool: Pool,
  key: StageKey,
  workerId: string,
): Promise<BeginResult | undefined> {
  const { rows } = await pool.query<{
    run_status: RunStatus;
    number: number;
    trigger: RunTrigger;
    options: unknown;
    attempt: number | null;
    previous: StageStatus | null;
    result: unknown;
  }>({
    name: 'stage-begin',
    text: BEGIN,
    values: [key.runId, key.stage, key.candidate, workerId],
  });
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    runStatus: row.run_status,
    runNumber: row.number,
    trigger: row.trigger,
    options: row.options,
    attempt: row.attempt,
    previous: row.previous,
    result: row.result,
  };
}

const COMMIT = `
WITH state AS (
  UPDATE stage_states
  SET status = 'succeeded', result = $5::jsonb, error = NULL, progress = NULL, finished_at = clock_timestamp()
  WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND attempts = $4 AND status IN ('running', 'succeeded')
  RETURNING 1
), attempt AS (
  UPDATE stage_attempts SET outcome = 'succeeded', finished_at = clock_timestamp()
  WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND attempt = $4 AND EXISTS (SELECT FROM state)
)`;

const COMMIT_STAGE = `${COMMIT} SELECT count(*)::int AS committed FROM state`;

const COMMIT_AND_CLOSE = `${COMMIT}, run AS (
  UPDATE pipeline_runs SET status = 'succeeded', finished_at = clock_timestamp()
  WHERE id = $1 AND status = 'active' AND EXISTS (SELECT FROM state)
) SELECT count(*)::int AS committed FROM state`;

/**
 * Keeps the result; the last stage closes the run with it. May be repeated, as after a lost connection.
 * @throws AppError `conflict` when a later attempt or a cancellation has taken the stage away
 */
export async function commitResult(pool: Pool, attempt: Attempt, result: object): Promise<void> {
  const closes = attempt.stage === CLOSING_STAGE;
  const { rows } = await pool.query<{ committed: number }>({
    name: closes ? 'stage-commit-close' : 'stage-commit',
    text: closes ? COMMIT_AND_CLOSE : COMMIT_STAGE,
    values: [...keyValues(attempt), JSON.stringify(result)],
  });
  if (rows[0]?.committed === 1) return;
  throw new AppError(
    'conflict',
    `attempt ${attempt.attempt} of ${describeStage(attempt)} may not commit: the stage was cancelled or taken over by a later attempt`,
  );
}

const END = `
WITH attempt AS (
  UPDATE stage_attempts SET outcome = $5, error = $6::jsonb, finished_at = clock_timestamp()
  WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND attempt = $4 AND outcome = 'running'
), state AS (
  UPDATE stage_states
  SET status = $7, error = $6::jsonb, progress = NULL,
      finished_at = CASE WHEN $7 = 'failed' THEN clock_timestamp() END
  WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND attempts = $4 AND status = 'running'
  RETURNING 1
)
UPDATE pipeline_runs SET status = 'failed', finished_at = clock_timestamp(), error = $6::jsonb
WHERE id = $1 AND status = 'active' AND $8 AND EXISTS (SELECT FROM state)`;

/** Ends an attempt that brought no result. When it was the last one the stage has failed, and with it the run, unless others can go on. */
export async function endAttempt(
  pool: Pool,
  attempt: Attempt,
  end: { outcome: AttemptOutcome; error: StoredError | null; isFinal: boolean },
): Promise<void> {
  await pool.query({
    name: 'stage-end',
    text: END,
    values: [
      ...keyValues(attempt),
      end.outcome,
      end.error === null ? null : JSON.stringify(end.error),
      end.isFinal ? 'failed' : 'retrying',
      end.isFinal && endsRunWhenFailed(attempt.stage),
    ],
  });
}

/** Keeps how far the attempt is; of no effect once it has ended. */
export async function saveProgress(
  pool: Pool,
  attempt: Attempt,
  progress: { fraction: number; message: string },
): Promise<void> {
  await pool.query(
    `UPDATE stage_states SET progress = $5::jsonb
     WHERE run_id = $1 AND stage = $2 AND candidate = $3 AND attempts = $4 AND status = 'running'`,
    [...keyValues(attempt), JSON.stringify(progress)],
  );
}

export function storeError(error: AppError, key: StageKey): StoredError {
  return {
    code: error.code,
    message: error.message,
    stage: key.stage,
    ...(key.candidate !== '' && { candidate: key.candidate }),
  };
}

export function describeStage(key: StageKey): string {
  return `${key.stage}${key.candidate === '' ? '' : ` of candidate ${key.candidate}`} in run ${key.runId}`;
}

function keyValues(attempt: Attempt): [string, string, string, number] {
  return [attempt.runId, attempt.stage, attempt.candidate, attempt.attempt];
}
