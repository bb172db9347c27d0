/**
 * What a worker writes about the step of a prediction job it works on; each write is one statement. As with the stages of a run an
 * attempt holds a number, and whoever holds an older one can write nothing any more.
 */
import type { Pool } from 'pg';
import { assertNever, AppError } from '../core/errors.ts';
import type { RunStatus, StageStatus, StoredError } from '../db/index.ts';
import { describeStep, shardName, type StepKey, type StepResult } from './job-flow.ts';
import type { JobStage } from '../core/config/index.ts';

export interface StepAttempt extends StepKey {
  /** The fencing number. */
  attempt: number;
}

/** How things stood when a worker asked to begin. */
export interface StepBegin {
  jobStatus: RunStatus;
  source: unknown;
  options: unknown;
  modelName: string;
  modelVersion: number;
  shards: number | null;
  /** null: nothing to do; `previous` says why. */
  attempt: number | null;
  /** Artifact key and rows of a shard. */
  input: string | null;
  rows: number;
  previous: StageStatus | 'waiting' | null;
  result: unknown;
}

const BEGIN = `
WITH job AS (
  SELECT * FROM prediction_jobs WHERE id = $1
), previous AS (
  SELECT status, result FROM prediction_job_steps WHERE job_id = $1 AND stage = $2 AND shard = $3
), state AS (
  INSERT INTO prediction_job_steps AS s (job_id, stage, shard, status, attempts, worker_id, started_at)
  SELECT id, $2, $3, 'running', 1, $4, clock_timestamp() FROM job WHERE status = 'active'
  ON CONFLICT (job_id, stage, shard) DO UPDATE
    SET status = 'running', attempts = s.attempts + 1, worker_id = $4, rows_done = 0, started_at = clock_timestamp()
    WHERE s.status IN ('waiting', 'running', 'retrying')
  RETURNING attempts, input, rows
)
SELECT job.status AS "jobStatus", job.source, job.options, job.model_name AS "modelName", job.model_version AS "modelVersion",
       job.shards, state.attempts AS attempt, state.input, coalesce(state.rows, 0) AS rows,
       previous.status AS previous, previous.result
FROM job LEFT JOIN state ON true LEFT JOIN previous ON true`;

/** @returns undefined when there is no such job */
export async function beginStep(pool: Pool, key: StepKey, workerId: string): Promise<StepBegin | undefined> {
  const { rows } = await pool.query<StepBegin>({
    name: 'job-step-begin',
    text: BEGIN,
    values: [key.jobId, key.stage, key.shard, workerId],
  });
  return rows[0];
}

const COMMIT = `
WITH state AS (
  UPDATE prediction_job_steps
  SET status = 'succeeded', result = $5::jsonb, error = NULL, rows_done = rows, refused = $6, finished_at = clock_timestamp()
  WHERE job_id = $1 AND stage = $2 AND shard = $3 AND attempts = $4 AND status IN ('running', 'succeeded')
  RETURNING 1
)`;
const COUNT = 'SELECT count(*)::int AS committed FROM state';

/** The shards are made with the result of the split: none of them can begin before, and a repeated split makes none twice. */
const COMMIT_SPLIT = `${COMMIT}, job AS (
  UPDATE prediction_jobs SET shards = cardinality($7::int[]), rows_total = $8
  WHERE id = $1 AND EXISTS (SELECT FROM state)
), made AS (
  INSERT INTO prediction_job_steps (job_id, stage, shard, status, rows, input)
  SELECT $1, 'predict-shard', ordinality - 1, 'waiting', rows, input
  FROM unnest($7::int[], $9::text[]) WITH ORDINALITY AS shard (rows, input, ordinality)
  WHERE EXISTS (SELECT FROM state)
  ON CONFLICT (job_id, stage, shard) DO NOTHING
) ${COUNT}`;

const COMMIT_JOIN = `${COMMIT}, job AS (
  UPDATE prediction_jobs SET status = 'succeeded', output = $5::jsonb, finished_at = clock_timestamp()
  WHERE id = $1 AND status = 'active' AND EXISTS (SELECT FROM state)
) ${COUNT}`;

/**
 * Keeps the result; the join closes the job with it. May be repeated, as after a lost connection.
 * @throws AppError `conflict` when a later attempt or a cancellation has taken the step away
 */
export async function commitStep<S extends JobStage>(
  pool: Pool,
  attempt: StepAttempt & { stage: S },
  result: StepResult<S>,
): Promise<void> {
  const { name, text, extra } = statementOf(attempt.stage, result);
  const { rows } = await pool.query<{ committed: number }>({
    name,
    text,
    values: [...keyValues(attempt), JSON.stringify(result), result.refused, ...extra],
  });
  if (rows[0]?.committed === 1) return;
  throw new AppError(
    'conflict',
    `attempt ${attempt.attempt} of ${describeStep(attempt)} may not commit: it was cancelled or taken over by a later attempt`,
  );
}

function statementOf(
  stage: JobStage,
  result: StepResult<JobStage>,
): { name: string; text: string; extra: unknown[] } {
  switch (stage) {
    case 'split-catalogue': {
      const { inputFolder, shardRows, rows } = result as StepResult<'split-catalogue'>;
      const inputs = shardRows.map((_, shard) => `${inputFolder}/${shardName(shard)}`);
      return { name: 'job-split-commit', text: COMMIT_SPLIT, extra: [shardRows, rows, inputs] };
    }
    case 'predict-shard':
      return { name: 'job-shard-commit', text: `${COMMIT} ${COUNT}`, extra: [] };
    case 'join-shards':
      return { name: 'job-join-commit', text: COMMIT_JOIN, extra: [] };
    default:
      return assertNever(stage);
  }
}

const END = `
WITH state AS (
  UPDATE prediction_job_steps
  SET status = $6, error = $5::jsonb, finished_at = CASE WHEN $6 = 'failed' THEN clock_timestamp() END
  WHERE job_id = $1 AND stage = $2 AND shard = $3 AND attempts = $4 AND status = 'running'
  RETURNING 1
)
UPDATE prediction_jobs SET status = 'failed', finished_at = clock_timestamp(), error = $5::jsonb
WHERE id = $1 AND status = 'active' AND $6 = 'failed' AND EXISTS (SELECT FROM state)`;

/** Ends an attempt that brought no result. When it was the last one the step has failed, and the job with it: an output with holes helps nobody. */
export async function endStep(
  pool: Pool,
  attempt: StepAttempt,
  end: { error: AppError; isFinal: boolean },
): Promise<void> {
  await pool.query({
    name: 'job-step-end',
    text: END,
    values: [
      ...keyValues(attempt),
      JSON.stringify(storeStepError(end.error, attempt)),
      end.isFinal ? 'failed' : 'retrying',
    ],
  });
}

/** Keeps how many rows of a shard are done; of no effect once the attempt has ended. */
export async function saveRowsDone(pool: Pool, attempt: StepAttempt, rowsDone: number): Promise<void> {
  await pool.query(
    `UPDATE prediction_job_steps SET rows_done = $5
     WHERE job_id = $1 AND stage = $2 AND shard = $3 AND attempts = $4 AND status = 'running'`,
    [...keyValues(attempt), rowsDone],
  );
}

function storeStepError(error: AppError, key: StepKey): StoredError {
  return { code: error.code, message: error.message, stage: key.stage };
}

function keyValues(attempt: StepAttempt): [string, string, number, number] {
  return [attempt.jobId, attempt.stage, attempt.shard, attempt.attempt];
}
