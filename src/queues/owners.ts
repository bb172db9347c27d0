/** Runs and prediction jobs as wholes: cancelling one, ending one that cannot go on, and which are active. */
import type { Pool } from 'pg';
import { AppError } from '../core/errors.ts';
import type { JobStatus, StoredError } from '../db/index.ts';
import type { Flow, WorkKey } from './flow.ts';

export interface ActiveOwner {
  id: string;
  row: Readonly<Record<string, unknown>>;
  wasEnqueued: boolean;
  /** How often the reconciler brought back queue jobs that had been there and were gone. */
  losses: number;
}

export async function listActive(flow: Flow, pool: Pool): Promise<ActiveOwner[]> {
  const { rows } = await pool.query<ActiveOwner>(
    `SELECT id, to_jsonb(owner) AS row, enqueued_at IS NOT NULL AS "wasEnqueued", losses
     FROM ${flow.tables.owners} AS owner WHERE status = 'active' ORDER BY number`,
  );
  return rows;
}

/** Those of `ids` that are active. */
export async function findActive(flow: Flow, pool: Pool, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { rows } = await pool.query<{ id: string }>(
    `SELECT id FROM ${flow.tables.owners} WHERE id = ANY ($1) AND status = 'active'`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

export async function noteEnqueued(flow: Flow, pool: Pool, id: string): Promise<void> {
  await pool.query(
    `UPDATE ${flow.tables.owners} SET enqueued_at = now() WHERE id = $1 AND enqueued_at IS NULL`,
    [id],
  );
}

export async function countLoss(flow: Flow, pool: Pool, id: string): Promise<void> {
  await pool.query(`UPDATE ${flow.tables.owners} SET losses = losses + 1 WHERE id = $1`, [id]);
}

/**
 * Ends it at once, also what was laid aside, or lays it aside; its workers stop within a second or so.
 * @throws AppError `not-found` as `noSuch` makes it; `conflict` when it has ended
 */
export async function stopOwner(
  flow: Flow,
  pool: Pool,
  id: string,
  noSuch: (id: string) => AppError,
  as: 'cancelled' | 'paused' = 'cancelled',
): Promise<void> {
  const { owners, states, owner, onEnd } = flow.tables;
  const from = as === 'paused' ? ['active'] : ['active', 'paused'];
  const { rowCount } = await pool.query(
    `WITH owner AS (
       UPDATE ${owners} SET status = $2, finished_at = now() WHERE id = $1 AND status = ANY ($3) RETURNING id
     ), states AS (
       UPDATE ${states} AS state SET status = 'cancelled', finished_at = now()${onEnd} FROM owner
       WHERE state.${owner} = owner.id AND state.status IN ('waiting', 'running', 'retrying')
     ) SELECT id FROM owner`,
    [id, as, from],
  );
  if (rowCount === 1) return;
  const status = await readStatus(flow, pool, id);
  if (status === undefined) throw noSuch(id);
  throw new AppError(
    'conflict',
    `${flow.name} ${id} is ${status}: ${as === 'paused' ? `only an active ${flow.name} can be paused` : `only a ${flow.name} that has not ended can be cancelled`}`,
  );
}

export async function readStatus(flow: Flow, pool: Pool, id: string): Promise<JobStatus | undefined> {
  const { rows } = await pool.query<{ status: JobStatus }>(
    `SELECT status FROM ${flow.tables.owners} WHERE id = $1`,
    [id],
  );
  return rows[0]?.status;
}

/** Ends as failed what nothing can finish any more. */
export async function failOwner(flow: Flow, pool: Pool, id: string, error: StoredError): Promise<void> {
  const { owners, states, owner, onEnd } = flow.tables;
  await pool.query(
    `WITH owner AS (
       UPDATE ${owners} SET status = 'failed', finished_at = now(), error = $2::jsonb
       WHERE id = $1 AND status = 'active' RETURNING id
     )
     UPDATE ${states} AS state SET status = 'failed', error = $2::jsonb, finished_at = now()${onEnd}
     FROM owner WHERE state.${owner} = owner.id AND state.status IN ('running', 'retrying')`,
    [id, JSON.stringify(error)],
  );
}

/** Marks a part as failed that can bring no result any more; the owner goes on with the others. */
export async function failPart(flow: Flow, pool: Pool, key: WorkKey, error: StoredError): Promise<void> {
  const { states, owner, part, onEnd } = flow.tables;
  await pool.query(
    `INSERT INTO ${states} AS state (${owner}, stage, ${part}, status, attempts, worker_id, error, finished_at)
     VALUES ($1, $2, $3, 'failed', 0, 'reconciler', $4::jsonb, now())
     ON CONFLICT (${owner}, stage, ${part}) DO UPDATE
       SET status = 'failed', error = EXCLUDED.error, finished_at = now()${onEnd}
       WHERE state.status IN ('running', 'retrying')`,
    [key.ownerId, key.stage, key.part, JSON.stringify(error)],
  );
}

/** Attempts of an ended owner that nobody has ended by then belonged to a worker that died. */
export async function markLostAttempts(flow: Flow, pool: Pool, after: string): Promise<void> {
  const { owners, owner, attempts } = flow.tables;
  if (attempts === null) return;
  await pool.query(
    `UPDATE ${attempts} AS attempt SET outcome = 'lost', finished_at = now() FROM ${owners} AS owner
     WHERE owner.id = attempt.${owner} AND attempt.outcome = 'running' AND owner.finished_at < now() - $1::interval`,
    [after],
  );
}
