/**
 * What a worker writes about the work it does, for both flows alike. Each write is one statement, so one
 * round trip and one commit. An attempt holds a number (`attempts` of the state): whoever holds an older one
 * can write nothing any more, so of two workers that do the same work, as after a lost lock, one commits.
 */
import type { Pool } from 'pg';
import { AppError } from '../core/errors.ts';
import type { AttemptOutcome, JobStatus, StageStatus, StoredError } from '../db/index.ts';
import { declarationOf, describeWork, type Flow, type WorkKey } from './flow.ts';

export interface WorkAttempt extends WorkKey {
  /** The fencing number. */
  attempt: number;
}

export type WorkStatus = StageStatus | 'waiting';

/** How things stood when a worker asked to begin. */
export interface BeginResult {
  ownerStatus: JobStatus;
  /** The row of the run or prediction job. */
  owner: Readonly<Record<string, unknown>>;
  /** null: nothing to do; `previous` says why. */
  attempt: number | null;
  previous: WorkStatus | null;
  result: unknown;
  /** Artifact that the stage before has made for this part. */
  input: string | null;
}

/** How far an attempt is. */
export interface Progress {
  done: number;
  /** Where it is known. */
  of?: number | undefined;
  message?: string | undefined;
}

interface Statements {
  begin: string;
  commit(stage: string): string;
  end: string;
  progress: string;
}

/** @returns undefined when there is no such run or job */
export async function beginAttempt(
  pool: Pool,
  flow: Flow,
  key: WorkKey,
  workerId: string,
): Promise<BeginResult | undefined> {
  const { rows } = await pool.query<BeginResult>({
    name: `${flow.name}-begin`,
    text: statementsOf(flow).begin,
    values: [...placeOf(flow, key), workerId],
  });
  return rows[0];
}

/**
 * Keeps the result; that of a closing stage ends the owner. May be repeated, as after a lost connection.
 * @throws AppError `conflict` when a later attempt or a cancellation has taken the work away
 */
export async function commitResult(
  pool: Pool,
  flow: Flow,
  attempt: WorkAttempt,
  result: object,
): Promise<void> {
  const { rows } = await pool.query<{ committed: number }>({
    name: `${flow.name}-commit-${attempt.stage}`,
    text: statementsOf(flow).commit(attempt.stage),
    values: [...placeOf(flow, attempt), attempt.attempt, JSON.stringify(result)],
  });
  if (rows[0]?.committed === 1) return;
  throw new AppError(
    'conflict',
    `attempt ${attempt.attempt} of ${describeWork(flow, attempt)} may not commit: it was cancelled or taken over by a later attempt`,
  );
}

/**
 * Ends an attempt that brought no result. When it was the last one the work has failed, and with it the
 * owner, unless others can go on.
 * @returns false when nothing was ended: a later attempt or a cancellation has taken the work away, or this
 *   was said before
 */
export async function endAttempt(
  pool: Pool,
  flow: Flow,
  attempt: WorkAttempt,
  end: { outcome: AttemptOutcome; error: StoredError | null; isFinal: boolean },
): Promise<boolean> {
  const { rows } = await pool.query<{ ended: number }>({
    name: `${flow.name}-end`,
    text: statementsOf(flow).end,
    values: [
      ...placeOf(flow, attempt),
      attempt.attempt,
      end.error === null ? null : JSON.stringify(end.error),
      end.isFinal ? 'failed' : 'retrying',
      end.isFinal && declarationOf(flow, attempt.stage).mayFail !== true,
      ...(flow.tables.attempts === null ? [] : [end.outcome]),
    ],
  });
  return rows[0]?.ended === 1;
}

/** Keeps how far the attempt is; of no effect once it has ended. */
export async function saveProgress(
  pool: Pool,
  flow: Flow,
  attempt: WorkAttempt,
  progress: Progress,
): Promise<void> {
  const { done, message = '' } = progress;
  const stored = { done, fraction: shareDone(progress), message };
  await pool.query(statementsOf(flow).progress, [
    ...placeOf(flow, attempt),
    attempt.attempt,
    JSON.stringify(stored),
  ]);
}

/** 0 while it is not known of how much. */
export function shareDone({ done, of }: Progress): number {
  return of === undefined ? 0 : of === 0 ? 1 : Math.min(1, done / of);
}

export function storeError(flow: Flow, error: AppError, key: WorkKey): StoredError {
  return {
    code: error.code,
    message: error.message,
    stage: key.stage,
    ...(key.part !== '' && { [flow.tables.part]: key.part }),
  };
}

const known = new Map<Flow, Statements>();

function statementsOf(flow: Flow): Statements {
  const statements = known.get(flow) ?? writeStatements(flow);
  known.set(flow, statements);
  return statements;
}

function writeStatements(flow: Flow): Statements {
  const { owners, states, owner, part, attempts, onBegin, onCommit, onEnd, onClose, onProgress } =
    flow.tables;
  const place = `${owner} = $1 AND stage = $2 AND ${part} = $3`;

  const noteBegin =
    attempts === null
      ? ''
      : `, lost AS (
  UPDATE ${attempts} SET outcome = 'lost', finished_at = clock_timestamp()
  WHERE ${place} AND outcome = 'running' AND EXISTS (SELECT FROM state)
), attempt AS (
  INSERT INTO ${attempts} (${owner}, stage, ${part}, attempt, worker_id, started_at)
  SELECT $1, $2, $3, attempts, $4, clock_timestamp() FROM state
)`;
  const begin = `
WITH owner AS (
  SELECT * FROM ${owners} WHERE id = $1
), previous AS (
  SELECT status, result FROM ${states} WHERE ${place}
), state AS (
  INSERT INTO ${states} AS s (${owner}, stage, ${part}, status, attempts, worker_id, started_at)
  SELECT id, $2, $3, 'running', 1, $4, clock_timestamp() FROM owner WHERE status = 'active'
  ON CONFLICT (${owner}, stage, ${part}) DO UPDATE
    SET status = 'running', attempts = s.attempts + 1, worker_id = $4${onBegin}
    WHERE s.status IN ('waiting', 'running', 'retrying')
  RETURNING *
)${noteBegin}
SELECT owner.status AS "ownerStatus", to_jsonb(owner) AS owner, state.attempts AS attempt,
       to_jsonb(state) ->> 'input' AS input, previous.status AS previous, previous.result
FROM owner LEFT JOIN state ON true LEFT JOIN previous ON true`;

  const noteCommit =
    attempts === null
      ? ''
      : `, attempt AS (
  UPDATE ${attempts} SET outcome = 'succeeded', finished_at = clock_timestamp()
  WHERE ${place} AND attempt = $4 AND EXISTS (SELECT FROM state)
)`;
  const close = `, owner AS (
  UPDATE ${owners} SET status = 'succeeded', finished_at = clock_timestamp()${onClose}
  WHERE id = $1 AND status = 'active' AND EXISTS (SELECT FROM state)
)`;
  const commit = (stage: string): string => {
    const { closes, alsoCommits } = declarationOf(flow, stage);
    return `
WITH state AS (
  UPDATE ${states}
  SET status = 'succeeded', result = $5::jsonb, error = NULL, finished_at = clock_timestamp()${onCommit}
  WHERE ${place} AND attempts = $4 AND status IN ('running', 'succeeded')
  RETURNING 1
)${noteCommit}${closes === true ? close : ''}${alsoCommits === undefined ? '' : `, ${alsoCommits}`}
SELECT count(*)::int AS committed FROM state`;
  };

  const noteEnd =
    attempts === null
      ? ''
      : `, attempt AS (
  UPDATE ${attempts} SET outcome = $8, error = $5::jsonb, finished_at = clock_timestamp()
  WHERE ${place} AND attempt = $4 AND outcome = 'running'
)`;
  const end = `
WITH state AS (
  UPDATE ${states}
  SET status = $6, error = $5::jsonb, finished_at = CASE WHEN $6 = 'failed' THEN clock_timestamp() END${onEnd}
  WHERE ${place} AND attempts = $4 AND status = 'running'
  RETURNING 1
)${noteEnd}, owner AS (
  UPDATE ${owners} SET status = 'failed', finished_at = clock_timestamp(), error = $5::jsonb
  WHERE id = $1 AND status = 'active' AND $7 AND EXISTS (SELECT FROM state)
)
SELECT count(*)::int AS ended FROM state`;

  const progress = `UPDATE ${states} SET ${onProgress} WHERE ${place} AND attempts = $4 AND status = 'running'`;
  return { begin, commit, end, progress };
}

/** Values of the columns that name a piece of work. */
function placeOf(flow: Flow, { ownerId, stage, part }: WorkKey): [string, string, string] {
  return [ownerId, stage, part === '' ? flow.tables.noPart : part];
}
