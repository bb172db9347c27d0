/**
 * Writes a batch of metrics, params and tags in ONE statement, so in one round trip and one transaction. Nothing is written when a
 * param would change its value. Batches of metrics alone do not wait for the disk (`synchronous_commit = off`): a crash of the
 * PostgreSQL server, not of copyloop, may lose the metrics of the last 0.6 seconds (three times `wal_writer_delay`), never half a batch.
 */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { PREPARED, type Db } from '../../db/index.ts';
import type { LifecycleStage, MetricInput } from '../entities.ts';
import { checkBatch, checkMetric, checkParam, checkTag } from '../limits.ts';
import type { RunBatch } from '../tracking-store.ts';
import { noRun, notActive } from './run-rows.ts';

interface Outcome {
  lifecycle_stage: LifecycleStage;
  /** Params with another value already: key, value there, value given. */
  clash: { key: string; old: string; given: string } | null;
  /** Params that neither were there nor could be written: another process was quicker. */
  raced: boolean;
}

export async function logBatch(db: Db, runId: string, batch: RunBatch): Promise<void> {
  const metrics = batch.metrics ?? [];
  const params = batch.params ?? [];
  checkBatch({ metrics, params, tags: batch.tags ?? [] });
  metrics.forEach(checkMetric);
  params.forEach(checkParam);
  // The last value of a key wins, and a statement may touch a row once.
  const tags = [...new Map((batch.tags ?? []).map((tag) => [tag.key, tag])).values()];
  tags.forEach(checkTag);

  if (params.length === 0 && tags.length === 0) return await logMetrics(db, runId, metrics);
  const { rows } = await sql<Outcome>`${PREPARED}
    WITH ${lockedRun(runId)},
    given_params AS (
      SELECT * FROM unnest(${params.map((p) => p.key)}::text[], ${params.map((p) => p.value)}::text[]) AS g (key, value)
    ),
    old_params AS (
      SELECT o.key, o.value AS old, g.value AS given FROM given_params AS g JOIN run_params AS o ON o.run_id = ${runId} AND o.key = g.key
    ),
    clash AS (SELECT * FROM old_params WHERE old <> given LIMIT 1),
    open AS (SELECT run_id FROM run WHERE lifecycle_stage = 'active' AND NOT EXISTS (SELECT 1 FROM clash)),
    ${metrics.length === 0 ? sql`` : sql`${metricParts(runId, metrics)},`}
    new_params AS (
      INSERT INTO run_params (run_id, key, value) SELECT open.run_id, g.key, g.value FROM open, given_params AS g
      ON CONFLICT DO NOTHING RETURNING key
    ),
    new_tags AS (
      INSERT INTO run_tags (run_id, key, value)
      SELECT open.run_id, g.key, g.value
      FROM open, unnest(${tags.map((t) => t.key)}::text[], ${tags.map((t) => t.value)}::text[]) AS g (key, value)
      ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value RETURNING 1
    )
    SELECT run.lifecycle_stage,
      (SELECT to_json(clash) FROM clash) AS clash,
      (SELECT count(*) FROM given_params) > (SELECT count(*) FROM old_params) + (SELECT count(*) FROM new_params) AS raced
    FROM run`.execute(db);
  const [outcome] = rows;
  if (outcome === undefined) throw noRun(runId);
  if (outcome.lifecycle_stage !== 'active') throw notActive(runId);
  if (outcome.clash !== null) throw changedParam(runId, outcome.clash);
  if (outcome.raced) await checkRacedParams(db, runId, params);
  const name = tags.find((tag) => tag.key === 'mlflow.runName')?.value;
  if (name !== undefined)
    await db.updateTable('tracking_runs').set({ name }).where('run_id', '=', runId).execute();
}

/** The frequent case: nothing that could clash, so a shorter statement. An empty batch looks whether the run takes any. */
async function logMetrics(db: Db, runId: string, metrics: readonly MetricInput[]): Promise<void> {
  const open = sql`open AS (SELECT run_id FROM run WHERE lifecycle_stage = 'active')`;
  const written = metrics.length === 0 ? sql`` : sql`, ${metricParts(runId, metrics)}`;
  const { rows } = await sql<Pick<Outcome, 'lifecycle_stage'>>`${PREPARED}
    WITH ${lockedRun(runId)}, ${open}${written}
    SELECT lifecycle_stage, set_config('synchronous_commit', 'off', true) FROM run`.execute(db);
  const [outcome] = rows;
  if (outcome === undefined) throw noRun(runId);
  if (outcome.lifecycle_stage !== 'active') throw notActive(runId);
}

/** No foreign key keeps the run of a metric there (migration 010): the lock does, until the metrics are committed. */
function lockedRun(runId: string) {
  return sql`run AS (SELECT run_id, lifecycle_stage FROM tracking_runs WHERE run_id = ${runId} FOR KEY SHARE)`;
}

/** The statement's parts that write metrics into `open`. One metric comes as plain values, many as arrays. */
function metricParts(runId: string, metrics: readonly MetricInput[]) {
  const [first] = metrics;
  const isOne = metrics.length === 1 && first !== undefined;
  const given = isOne
    ? sql`SELECT ${first.key}::text AS key, ${first.step}::bigint AS step, ${first.timestampMs}::bigint AS timestamp,
        ${first.value}::float8 AS value, ${first.modelId ?? null}::text AS model_id,
        ${first.datasetName ?? null}::text AS dataset_name, ${first.datasetDigest ?? null}::text AS dataset_digest`
    : sql`SELECT * FROM unnest(
        ${metrics.map((m) => m.key)}::text[], ${metrics.map((m) => m.step)}::bigint[], ${metrics.map((m) => m.timestampMs)}::bigint[],
        ${metrics.map((m) => m.value)}::float8[], ${metrics.map((m) => m.modelId ?? null)}::text[],
        ${metrics.map((m) => m.datasetName ?? null)}::text[], ${metrics.map((m) => m.datasetDigest ?? null)}::text[]
      ) AS g (key, step, timestamp, value, model_id, dataset_name, dataset_digest)`;
  // A statement may touch a row once.
  const newest = isOne
    ? sql`SELECT open.run_id, g.key, g.step, g.timestamp, g.value FROM open, given_metrics AS g`
    : sql`SELECT DISTINCT ON (g.key) open.run_id, g.key, g.step, g.timestamp, g.value FROM open, given_metrics AS g
      ORDER BY g.key, g.step DESC, g.timestamp DESC, g.value DESC`;
  const forModels = metrics.some((metric) => metric.modelId !== undefined);
  const ofModels = sql`,
    model_metrics AS (
      INSERT INTO logged_model_metrics (model_id, run_id, key, step, timestamp, value, dataset_name, dataset_digest)
      SELECT g.model_id, ${runId}, g.key, g.step, g.timestamp, g.value, g.dataset_name, g.dataset_digest
      FROM open, given_metrics AS g JOIN logged_models AS m ON m.model_id = g.model_id
      ON CONFLICT DO NOTHING
    )`;
  return sql`
    given_metrics AS (${given}),
    new_metrics AS (
      INSERT INTO run_metrics (run_id, key, step, timestamp, value, model_id, dataset_name, dataset_digest)
      SELECT open.run_id, g.* FROM open, given_metrics AS g ON CONFLICT DO NOTHING
    ),
    latest AS (
      INSERT INTO run_latest_metrics AS l (run_id, key, step, timestamp, value) ${newest}
      ON CONFLICT (run_id, key) DO UPDATE SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value
      WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)
    )${forModels ? ofModels : sql``}`;
}

async function checkRacedParams(
  db: Db,
  runId: string,
  params: NonNullable<RunBatch['params']>,
): Promise<void> {
  const rows = await db
    .selectFrom('run_params')
    .select(['key', 'value'])
    .where('run_id', '=', runId)
    .execute();
  const kept = new Map(rows.map((row) => [row.key, row.value]));
  for (const { key, value } of params) {
    const old = kept.get(key);
    if (old !== undefined && old !== value) throw changedParam(runId, { key, old, given: value });
  }
}

function changedParam(
  runId: string,
  { key, old, given }: { key: string; old: string; given: string },
): AppError {
  return new AppError(
    'invalid-input',
    `Changing param values is not allowed. Param with key='${key}' was already logged with value=${show(old)} for run ID='${runId}'. Attempted logging new value ${show(given)}.`,
  );
}

function show(value: string): string {
  return `'${value.slice(0, 200)}'`;
}
