/** MLflow 3's logged models: a model with params, tags and metrics of its own, made by a run or by none. */
import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { createHexId } from '../../core/ids.ts';
import type { Db } from '../../db/index.ts';
import type { LoggedModel } from '../entities.ts';
import { toParam, toTag } from '../limits.ts';
import { drawRunName } from '../run-names.ts';
import { queryPage } from '../search/page.ts';
import { column, type SearchSpace } from '../search/space.ts';
import type { LoggedModelStore } from '../tracking-store.ts';
import { noExperiment, toExperimentId } from './experiments.ts';

interface LoggedModelRow {
  model_id: string;
  experiment_id: number;
  name: string;
  artifact_uri: string;
  creation_time: number;
  last_update_time: number;
  status: string;
  status_message: string | null;
  model_type: string;
  source_run_id: string | null;
  params: Record<string, string> | null;
  tags: Record<string, string> | null;
  registrations: { name: string; version: number }[] | null;
}

const COLUMNS = sql`l.*,
  (SELECT json_object_agg(p.key, p.value) FROM logged_model_params AS p WHERE p.model_id = l.model_id) AS params,
  (SELECT json_object_agg(t.key, t.value) FROM logged_model_tags AS t WHERE t.model_id = l.model_id) AS tags,
  (SELECT json_agg(json_build_object('name', v.name, 'version', v.version) ORDER BY v.name, v.version)
    FROM model_versions AS v WHERE v.model_id = l.model_id) AS registrations`;

const owner = [{ column: 'model_id', of: column('l', 'model_id') }];
const params = { table: 'logged_model_params', type: 'text', owner, isOrderable: true } as const;
const tags = { table: 'logged_model_tags', type: 'text', owner, isOrderable: true } as const;
/** The latest value of each key, as the table of metrics keeps them all. */
const metrics = {
  table: 'logged_model_latest_metrics',
  type: 'float8',
  owner,
  isOrderable: true,
} as const;
const created = { expression: column('l', 'creation_time'), type: 'bigint' } as const;
const updated = { expression: column('l', 'last_update_time'), type: 'bigint' } as const;

const SPACE: SearchSpace = {
  entity: 'logged model',
  attributes: {
    model_id: { expression: column('l', 'model_id'), type: 'text' },
    name: { expression: column('l', 'name'), type: 'text' },
    model_type: { expression: column('l', 'model_type'), type: 'text' },
    status: { expression: sql`replace(l.status, 'LOGGED_MODEL_', '')`, type: 'text' },
    source_run_id: { expression: sql`coalesce(l.source_run_id, '')`, type: 'text' },
    experiment_id: { expression: sql`l.experiment_id::text`, type: 'text' },
    creation_timestamp: created,
    creation_time: created,
    last_updated_timestamp: updated,
    last_updated_time: updated,
  },
  collections: { params, param: params, tags, tag: tags, metrics, metric: metrics },
  attributePrefixes: ['attribute', 'attributes', 'attr'],
  defaultOrder: [
    { ...created, isAscending: false },
    { expression: column('l', 'model_id'), type: 'text', isAscending: true },
  ],
};

export function createLoggedModelStore(db: Db, clock: Clock): LoggedModelStore {
  const get = async (modelId: string): Promise<LoggedModel> => {
    const { rows } = await sql<LoggedModelRow>`
      SELECT ${COLUMNS} FROM logged_models AS l WHERE l.model_id = ${modelId} AND l.lifecycle_stage = 'active'`.execute(
      db,
    );
    const [model] = await load(db, rows);
    if (model === undefined) throw new AppError('not-found', `Logged model with ID '${modelId}' not found.`);
    return model;
  };

  const putParams: LoggedModelStore['logParams'] = async (modelId, given) => {
    if (given.length === 0) return;
    await db
      .insertInto('logged_model_params')
      .values(given.map((param) => ({ model_id: modelId, ...toParam(param) })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  };

  const putTags: LoggedModelStore['setTags'] = async (modelId, given) => {
    const pairs = Object.entries(given).map(([key, value]) => toTag({ key, value }));
    if (pairs.length === 0) return;
    await db
      .insertInto('logged_model_tags')
      .values(pairs.map((pair) => ({ model_id: modelId, ...pair })))
      .onConflict((conflict) =>
        conflict.columns(['model_id', 'key']).doUpdateSet((eb) => ({ value: eb.ref('excluded.value') })),
      )
      .execute();
  };

  return {
    get,
    create: async (model) => {
      const id = toExperimentId(model.experimentId);
      const modelId = `m-${createHexId()}`;
      const now = clock.nowMs();
      const name = model.name === undefined || model.name === '' ? drawRunName() : model.name;
      if (/[/:.%"']/.test(name))
        throw new AppError(
          'invalid-input',
          `Invalid model name (${name}) provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '"', "'")`,
        );
      // Before the model is made: it keeps nothing of a request that is refused.
      (model.params ?? []).forEach(toParam);
      Object.entries(model.tags ?? {}).forEach(([key, value]) => toTag({ key, value }));
      const { rows } = await sql<{ model_id: string }>`
        INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri, creation_time, last_update_time, model_type, source_run_id)
        SELECT ${modelId}, experiment_id, ${name}, artifact_location || '/models/' || ${modelId}::text || '/artifacts', ${now}, ${now},
          ${model.modelType ?? ''}, ${model.sourceRunId ?? null}
        FROM experiments WHERE experiment_id = ${id} AND lifecycle_stage = 'active' RETURNING model_id`.execute(
        db,
      );
      if (rows.length === 0) throw noExperiment(model.experimentId, 'active');
      await putParams(modelId, model.params ?? []);
      await putTags(modelId, model.tags ?? {});
      return await get(modelId);
    },
    finalize: async (modelId, status) => {
      await get(modelId);
      await db
        .updateTable('logged_models')
        .set({ status, last_update_time: clock.nowMs() })
        .where('model_id', '=', modelId)
        .execute();
      return await get(modelId);
    },
    delete: async (modelId) => {
      await get(modelId);
      await db
        .updateTable('logged_models')
        .set({ lifecycle_stage: 'deleted', last_update_time: clock.nowMs() })
        .where('model_id', '=', modelId)
        .execute();
    },
    search: async ({ experimentIds, ...options }) => {
      const page = await queryPage<LoggedModelRow>({
        db,
        space: SPACE,
        select: COLUMNS,
        from: sql`logged_models AS l`,
        where: [
          sql`l.lifecycle_stage = 'active'`,
          sql`l.experiment_id = ANY(${experimentIds.map(toExperimentId)}::bigint[])`,
        ],
        options,
        defaultMaxResults: 100,
        mostResults: 1000,
      });
      return { ...page, items: await load(db, page.items) };
    },
    setTags: async (modelId, given) => {
      await get(modelId);
      await putTags(modelId, given);
    },
    deleteTag: async (modelId, key) => {
      const model = await get(modelId);
      if (!Object.hasOwn(model.tags, key))
        throw new AppError(
          'not-found',
          `No tag with key ${JSON.stringify(key)} found for model with ID ${modelId}.`,
        );
      await db
        .deleteFrom('logged_model_tags')
        .where('model_id', '=', modelId)
        .where('key', '=', key)
        .execute();
    },
    logParams: async (modelId, given) => {
      await get(modelId);
      await putParams(modelId, given);
    },
  };
}

async function load(db: Db, rows: readonly LoggedModelRow[]): Promise<LoggedModel[]> {
  const ids = rows.map((row) => row.model_id);
  const measured = await db
    .selectFrom('logged_model_latest_metrics')
    .selectAll()
    .where(sql<boolean>`model_id = ANY(${ids}::text[])`)
    .execute();
  return rows.map((row) => ({
    modelId: row.model_id,
    experimentId: String(row.experiment_id),
    name: row.name,
    artifactUri: row.artifact_uri,
    creationTimeMs: row.creation_time,
    lastUpdateTimeMs: row.last_update_time,
    status: row.status,
    statusMessage: row.status_message,
    modelType: row.model_type,
    sourceRunId: row.source_run_id,
    params: row.params ?? {},
    tags: row.tags ?? {},
    metrics: measured
      .filter((metric) => metric.model_id === row.model_id)
      .map((metric) => ({
        key: metric.key,
        value: metric.value,
        timestampMs: metric.timestamp,
        step: metric.step,
        runId: metric.run_id,
        modelId: metric.model_id,
        datasetName: metric.dataset_name ?? undefined,
        datasetDigest: metric.dataset_digest ?? undefined,
      })),
    registrations: row.registrations ?? [],
  }));
}
