/**
 * Writes a batch of metrics, params and tags in ONE statement, so in one round trip and one transaction.
 * Nothing is written when a param would change its value. Batches of metrics alone do not wait for the disk
 * (`synchronous_commit = off`): a crash of the PostgreSQL server, not of copyloop, may lose the metrics of
 * the last 0.6 seconds (three times `wal_writer_delay`), never half a batch.
 */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { numberArray, prepare, textArray, type Db } from '../../db/index.ts';
import type { LifecycleStage, MetricInput } from '../entities.ts';
import { checkBatch, checkMetrics, toParam, toTag } from '../limits.ts';
import type { RunBatch } from '../tracking-store.ts';
import { noRun, notActive } from './run-rows.ts';
import { isUniqueViolation } from './violations.ts';

/** Each param can race once; more than a few at the same time do not happen. */
const ATTEMPTS = 5;

export async function logBatch(db: Db, runId: string, batch: RunBatch): Promise<void> {
  const metrics = batch.metrics ?? [];
  checkBatch({ metrics, params: batch.params ?? [], tags: batch.tags ?? [] });
  checkMetrics(metrics);
  const params = (batch.params ?? []).map(toParam);
  // The last value of a key wins, and a statement may touch a row once.
  const tags = [...new Map((batch.tags ?? []).map((tag) => [tag.key, toTag(tag)])).values()];

  const parts = { metrics: shapeOf(metrics), params: params.length > 0, tags: tags.length > 0 };
  const values = [
    runId,
    ...(parts.params ? toPairArrays(params) : []),
    ...(parts.tags ? toPairArrays(tags) : []),
    ...toColumns(parts.metrics, metrics),
  ];
  const written = await againWhenRaced(() => statementOf(parts)(db, values));
  if (written.length === 0) throw await explain(db, runId, params);
  const name = tags.find((tag) => tag.key === 'mlflow.runName')?.value;
  if (name !== undefined)
    await db.updateTable('tracking_runs').set({ name }).where('run_id', '=', runId).execute();
}

/**
 * Another process wrote one of the params between our look and our write: nothing was written, and the next
 * look finds it.
 */
async function againWhenRaced<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await write();
    } catch (error) {
      if (!isUniqueViolation(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

/**
 * How the metrics come: one as plain values, many as arrays, and either with the model and dataset that they
 * tell of.
 */
type Shape = 'none' | 'one' | 'one-of-model' | 'many' | 'many-of-models';

const COLUMNS = [
  ['key', 'text'],
  ['step', 'bigint'],
  ['timestamp', 'bigint'],
  ['value', 'float8'],
  ['model_id', 'text'],
  ['dataset_name', 'text'],
  ['dataset_digest', 'text'],
] as const;

function shapeOf(metrics: readonly MetricInput[]): Shape {
  if (metrics.length === 0) return 'none';
  const isOfModel = metrics.some(
    (metric) => (metric.modelId ?? metric.datasetName ?? metric.datasetDigest) !== undefined,
  );
  if (metrics.length === 1) return isOfModel ? 'one-of-model' : 'one';
  return isOfModel ? 'many-of-models' : 'many';
}

function toColumns(shape: Shape, metrics: readonly MetricInput[]): unknown[] {
  const [first] = metrics;
  if (first === undefined) return [];
  if (metrics.length === 1) {
    const plain = [first.key, first.step, first.timestampMs, first.value];
    const origin = [first.modelId ?? null, first.datasetName ?? null, first.datasetDigest ?? null];
    return shape === 'one' ? plain : [...plain, ...origin];
  }
  const plain = [
    textArray(metrics.map((metric) => metric.key)),
    numberArray(metrics.map((metric) => metric.step)),
    numberArray(metrics.map((metric) => metric.timestampMs)),
    numberArray(metrics.map((metric) => metric.value)),
  ];
  if (shape === 'many') return plain;
  return [
    ...plain,
    metrics.map((metric) => metric.modelId ?? null),
    metrics.map((metric) => metric.datasetName ?? null),
    metrics.map((metric) => metric.datasetDigest ?? null),
  ];
}

function toPairArrays(pairs: readonly { key: string; value: string }[]): string[] {
  return [textArray(pairs.map((pair) => pair.key)), textArray(pairs.map((pair) => pair.value))];
}

interface Parts {
  metrics: Shape;
  params: boolean;
  tags: boolean;
}

const statements = new Map<string, ReturnType<typeof prepare<object>>>();

function statementOf(parts: Parts): ReturnType<typeof prepare<object>> {
  const name = `${parts.metrics} ${parts.params} ${parts.tags}`;
  let statement = statements.get(name);
  if (statement === undefined) statements.set(name, (statement = prepare(write(parts))));
  return statement;
}

/**
 * The run is $1. Answers one row, without columns, when everything was written: what stood in the way is
 * looked up afterwards, since that is rare. No foreign key keeps the run there (migrations 010 and 011): its
 * lock does, until what was written is committed.
 */
function write({ metrics, params, tags }: Parts): string {
  const tagsFrom = params ? 4 : 2;
  const metricsFrom = tagsFrom + (tags ? 2 : 0);
  const isDurable = params || tags;
  return `
    WITH run AS (SELECT run_id, lifecycle_stage FROM tracking_runs WHERE run_id = $1 FOR KEY SHARE),
    ${params ? GIVEN_PARAMS : ''}
    open AS (
      SELECT run_id FROM run
      WHERE lifecycle_stage = 'active' ${params ? NO_CLASH : ''}
    )
    ${metrics === 'none' ? '' : writeMetrics(metrics, metricsFrom)}
    ${params ? WRITE_PARAMS : ''}
    ${tags ? writeTags(tagsFrom) : ''}
    SELECT FROM run WHERE lifecycle_stage = 'active'
      ${params ? NO_CLASH : ''}
      ${isDurable ? '' : "AND set_config('synchronous_commit', 'off', true) IS NOT NULL"}`;
}

const GIVEN_PARAMS = `
    given_params AS (
      SELECT g.key, g.value, o.value AS old
      FROM unnest($2::text[], $3::text[]) AS g (key, value) LEFT JOIN run_params AS o ON o.run_id = $1 AND o.key = g.key
    ),`;

const NO_CLASH = 'AND NOT EXISTS (SELECT 1 FROM given_params WHERE old <> value)';

const WRITE_PARAMS = `,
    new_params AS (
      INSERT INTO run_params (run_id, key, value)
      SELECT open.run_id, g.key, g.value FROM open, given_params AS g WHERE g.old IS NULL
    )`;

function writeTags(from: number): string {
  return `,
    new_tags AS (
      INSERT INTO run_tags (run_id, key, value)
      SELECT open.run_id, g.key, g.value FROM open, unnest($${from}::text[], $${from + 1}::text[]) AS g (key, value)
      ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value
    )`;
}

function writeMetrics(shape: Exclude<Shape, 'none'>, from: number): string {
  const isOne = shape.startsWith('one');
  const isOfModel = shape.endsWith('models') || shape.endsWith('model');
  const columns = isOfModel ? COLUMNS : COLUMNS.slice(0, 4);
  const names = columns.map(([name]) => name).join(', ');
  const given = isOne
    ? `SELECT ${columns.map(([name, type], at) => `$${from + at}::${type} AS ${name}`).join(', ')}`
    : `SELECT * FROM unnest(${columns.map(([, type], at) => `$${from + at}::${type}[]`).join(', ')}) AS g (${names})`;
  // A statement may touch a row once.
  const newest = isOne
    ? 'SELECT open.run_id, g.key, g.step, g.timestamp, g.value FROM open, given_metrics AS g'
    : `SELECT DISTINCT ON (g.key) open.run_id, g.key, g.step, g.timestamp, g.value FROM open, given_metrics AS g
      ORDER BY g.key, g.step DESC, g.timestamp DESC, g.value DESC`;
  const ofModels = `,
    model_metrics AS (
      INSERT INTO logged_model_metrics (model_id, run_id, key, step, timestamp, value, dataset_name, dataset_digest)
      SELECT g.model_id, open.run_id, g.key, g.step, g.timestamp, g.value, g.dataset_name, g.dataset_digest
      FROM open, given_metrics AS g JOIN logged_models AS m ON m.model_id = g.model_id
      ON CONFLICT DO NOTHING
    )`;
  return `,
    given_metrics AS (${given}),
    new_metrics AS (
      INSERT INTO run_metrics (run_id, ${names}) SELECT open.run_id, g.* FROM open, given_metrics AS g ON CONFLICT DO NOTHING
    ),
    latest AS (
      INSERT INTO run_latest_metrics AS l (run_id, key, step, timestamp, value) ${newest}
      ON CONFLICT (run_id, key) DO UPDATE SET step = excluded.step, timestamp = excluded.timestamp, value = excluded.value
      WHERE (excluded.step, excluded.timestamp, excluded.value) > (l.step, l.timestamp, l.value)
    )${isOfModel ? ofModels : ''}`;
}

/** Why a batch was not written. */
async function explain(
  db: Db,
  runId: string,
  params: readonly { key: string; value: string }[],
): Promise<AppError> {
  const { rows } = await sql<{ lifecycle_stage: LifecycleStage; params: Record<string, string> | null }>`
    SELECT r.lifecycle_stage, (SELECT json_object_agg(p.key, p.value) FROM run_params AS p WHERE p.run_id = r.run_id) AS params
    FROM tracking_runs AS r WHERE r.run_id = ${runId}`.execute(db);
  const [run] = rows;
  if (run === undefined) return noRun(runId);
  if (run.lifecycle_stage !== 'active') return notActive(runId);
  const kept = new Map(Object.entries(run.params ?? {}));
  for (const { key, value } of params) {
    const old = kept.get(key);
    if (old !== undefined && old !== value) return changedParam(runId, { key, old, given: value });
  }
  // Restored since.
  return notActive(runId);
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
