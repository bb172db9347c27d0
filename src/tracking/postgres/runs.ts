import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { createHexId } from '../../core/ids.ts';
import { prepare, PREPARED, textArray, type Db } from '../../db/index.ts';
import { RUN_STATUSES } from '../../mlflow/enums.ts';
import type { LifecycleStage, Run } from '../entities.ts';
import { checkText, MAX_RUN_NAME_CHARS, toTag } from '../limits.ts';
import { drawRunName } from '../run-names.ts';
import { queryPage } from '../search/page.ts';
import { column, type SearchSpace } from '../search/space.ts';
import type { RunStore } from '../tracking-store.ts';
import { noExperiment, toExperimentId, viewCondition } from './experiments.ts';
import { logBatch } from './log-batch.ts';
import { logInputs, logOutputs } from './run-inputs.ts';
import { loadRuns, noRun, notActive, toMetric, toRecord, toRunInfo, type RunRow } from './run-rows.ts';
import { RUN_SPACE } from './run-space.ts';

const HISTORY_SPACE: SearchSpace = {
  entity: 'metric',
  attributes: {},
  collections: {},
  attributePrefixes: [],
  defaultOrder: [
    { expression: column('m', 'timestamp'), type: 'bigint', isAscending: true },
    { expression: column('m', 'step'), type: 'bigint', isAscending: true },
    { expression: column('m', 'value'), type: 'float8', isAscending: true },
  ],
};

/** No row without the experiment, null where it is deleted. */
const createRun = prepare<{ artifact_uri: string | null }>(`
  WITH home AS (SELECT experiment_id, artifact_location, lifecycle_stage FROM experiments WHERE experiment_id = $1::bigint),
  made AS (
    INSERT INTO tracking_runs (run_id, experiment_id, name, user_id, status, start_time, artifact_uri)
    SELECT $2::text, experiment_id, $3, $4, 'RUNNING', $5::bigint, artifact_location || '/' || $2::text || '/artifacts'
    FROM home WHERE lifecycle_stage = 'active' RETURNING run_id, artifact_uri
  ),
  tagged AS (
    INSERT INTO run_tags (run_id, key, value)
    SELECT made.run_id, g.key, g.value FROM made, unnest($6::text[], $7::text[]) AS g (key, value)
  )
  SELECT made.artifact_uri FROM home LEFT JOIN made ON true`);

export function createRunStore(db: Db, clock: Clock): RunStore {
  const findRow = async (runId: string): Promise<RunRow> => {
    const row = await db
      .selectFrom('tracking_runs')
      .selectAll()
      .where('run_id', '=', runId)
      .executeTakeFirst();
    if (row === undefined) throw noRun(runId);
    return row;
  };

  const create: RunStore['create'] = async (run) => {
    const tags = new Map(Object.entries(run.tags ?? {}));
    const name = nonEmpty(run.name) ?? nonEmpty(tags.get('mlflow.runName')) ?? drawRunName();
    if (
      nonEmpty(run.name) !== undefined &&
      tags.has('mlflow.runName') &&
      tags.get('mlflow.runName') !== run.name
    )
      throw new AppError(
        'invalid-input',
        `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='${run.name}', mlflow.runName='${tags.get('mlflow.runName')}').`,
      );
    tags.set('mlflow.runName', name);
    const pairs = [...tags].map(([key, value]) => toTag({ key, value }));
    checkText('user id', run.userId ?? '', 256);
    const runId = createHexId();
    const experimentId = toExperimentId(run.experimentId);
    const startTimeMs = run.startTimeMs ?? clock.nowMs();
    const userId = run.userId ?? '';
    const keys = textArray(pairs.map((pair) => pair.key));
    const values = textArray(pairs.map((pair) => pair.value));
    const [made] = await createRun(db, [experimentId, runId, name, userId, startTimeMs, keys, values]);
    if (made === undefined) throw noExperiment(run.experimentId);
    if (made.artifact_uri === null)
      throw new AppError(
        'invalid-input',
        `The experiment ${run.experimentId} must be in the 'active' state. Current state is deleted.`,
      );
    return {
      runId,
      experimentId: String(experimentId),
      name,
      userId,
      status: 'RUNNING',
      startTimeMs,
      endTimeMs: null,
      artifactUri: made.artifact_uri,
      lifecycleStage: 'active',
      tags: toRecord(pairs),
      params: {},
      metrics: [],
      datasetInputs: [],
      modelInputs: [],
      modelOutputs: [],
    };
  };

  const get = async (runId: string): Promise<Run> => {
    const [run] = await loadRuns(db, [await findRow(runId)]);
    if (run === undefined) throw noRun(runId);
    return run;
  };

  const update: RunStore['update'] = async (runId, { status, endTimeMs, name }) => {
    if (status !== undefined && !RUN_STATUSES.includes(status))
      throw new AppError(
        'invalid-input',
        `Invalid run status '${status}': one of ${RUN_STATUSES.join(', ')}`,
      );
    if (nonEmpty(name) !== undefined) checkText('run name', name ?? '', MAX_RUN_NAME_CHARS);
    const { rows } = await sql<RunRow & { was: LifecycleStage }>`${PREPARED}
      WITH old AS (SELECT run_id, lifecycle_stage AS was FROM tracking_runs WHERE run_id = ${runId}),
      changed AS (
        UPDATE tracking_runs AS r
        SET status = coalesce(${status ?? null}, r.status), end_time = coalesce(${endTimeMs ?? null}::bigint, r.end_time),
          name = coalesce(${nonEmpty(name) ?? null}, r.name)
        FROM old WHERE r.run_id = old.run_id AND old.was = 'active' RETURNING r.*
      ),
      named AS (
        INSERT INTO run_tags (run_id, key, value)
        SELECT run_id, 'mlflow.runName', name FROM changed WHERE ${nonEmpty(name) !== undefined}
        ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value
      )
      SELECT changed.*, old.was FROM old LEFT JOIN changed ON true`.execute(db);
    const [row] = rows;
    if (row === undefined) throw noRun(runId);
    if (row.was !== 'active') throw notActive(runId);
    return toRunInfo(row);
  };

  const setLifecycle = async (runId: string, stage: LifecycleStage): Promise<void> => {
    const { numUpdatedRows } = await db
      .updateTable('tracking_runs')
      .set({ lifecycle_stage: stage, deleted_time: stage === 'deleted' ? clock.nowMs() : null })
      .where('run_id', '=', runId)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noRun(runId);
  };

  const requireActive = async (runId: string): Promise<RunRow> => {
    const row = await findRow(runId);
    if (row.lifecycle_stage !== 'active') throw notActive(runId);
    return row;
  };

  return {
    create,
    get,
    update,
    search: async ({ experimentIds, viewType = 'ACTIVE_ONLY', ...options }) => {
      const ids = experimentIds.map(toExperimentId);
      if (ids.length === 0) return { items: [], nextPageToken: undefined };
      // One id as an equality, which the index on start_time serves in order.
      const inExperiments =
        ids.length === 1 ? sql`r.experiment_id = ${ids[0]}` : sql`r.experiment_id = ANY(${ids}::bigint[])`;
      const page = await queryPage<RunRow>({
        db,
        space: RUN_SPACE,
        select: sql`r.*`,
        from: sql`tracking_runs AS r`,
        where: [inExperiments, ...viewCondition(viewType, 'r')],
        options,
        defaultMaxResults: 1000,
        mostResults: 50_000,
      });
      return { ...page, items: await loadRuns(db, page.items) };
    },
    delete: (runId) => setLifecycle(runId, 'deleted'),
    restore: (runId) => setLifecycle(runId, 'active'),
    logBatch: (runId, batch) => logBatch(db, runId, batch),
    deleteTag: async (runId, key) => {
      await requireActive(runId);
      const { numDeletedRows } = await db
        .deleteFrom('run_tags')
        .where('run_id', '=', runId)
        .where('key', '=', key)
        .executeTakeFirst();
      if (numDeletedRows === 0n)
        throw new AppError('not-found', `No tag with name: ${key} in run with id ${runId}`);
    },
    logInputs: async (runId, inputs) => await logInputs(db, await requireActive(runId), inputs),
    logOutputs: async (runId, models) => await logOutputs(db, await requireActive(runId), models),
    metricHistory: async (runId, key, page = {}) => {
      await findRow(runId);
      const found = await queryPage<{ key: string; value: number; timestamp: number; step: number }>({
        db,
        space: HISTORY_SPACE,
        select: sql`m.key, m.value, m.timestamp, m.step`,
        from: sql`run_metrics AS m`,
        where: [sql`m.run_id = ${runId}`, sql`m.key = ${key}`],
        options: page,
        defaultMaxResults: 25_000,
        mostResults: 25_000,
      });
      return { ...found, items: found.items.map(toMetric) };
    },
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
