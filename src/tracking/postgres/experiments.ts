import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import type { Clock } from '../../core/clock.ts';
import { stripEnd } from '../../core/strip-end.ts';
import type { Db } from '../../db/index.ts';
import type { Experiment, LifecycleStage, Tags, ViewType } from '../entities.ts';
import { ensureExperiment } from '../ensure-experiment.ts';
import { checkExperimentName, checkExperimentTag } from '../limits.ts';
import { queryPage } from '../search/page.ts';
import { column, NUMBER_COMPARATORS, type SearchSpace } from '../search/space.ts';
import type { ExperimentStore } from '../tracking-store.ts';
import { isUniqueViolation } from './violations.ts';

interface ExperimentRow {
  experiment_id: number;
  name: string;
  artifact_location: string;
  lifecycle_stage: LifecycleStage;
  creation_time: number;
  last_update_time: number;
  tags: Record<string, string> | null;
}

const TAGS = sql`(SELECT json_object_agg(t.key, t.value) FROM experiment_tags AS t WHERE t.experiment_id = e.experiment_id) AS tags`;

const SPACE: SearchSpace = {
  entity: 'experiment',
  attributes: {
    name: { expression: column('e', 'name'), type: 'text', comparators: ['=', '!=', 'LIKE', 'ILIKE'] },
    experiment_id: {
      expression: sql`e.experiment_id::text`,
      type: 'text',
      comparators: ['=', '!=', 'IN', 'NOT IN'],
    },
    creation_time: {
      expression: column('e', 'creation_time'),
      type: 'bigint',
      comparators: NUMBER_COMPARATORS,
    },
    last_update_time: {
      expression: column('e', 'last_update_time'),
      type: 'bigint',
      comparators: NUMBER_COMPARATORS,
    },
  },
  collections: Object.fromEntries(
    ['tag', 'tags'].map((prefix) => [
      prefix,
      {
        table: 'experiment_tags',
        type: 'text',
        owner: [{ column: 'experiment_id', of: column('e', 'experiment_id') }],
      },
    ]),
  ),
  attributePrefixes: ['attribute', 'attributes', 'attr'],
  defaultOrder: [
    { expression: column('e', 'creation_time'), type: 'bigint', isAscending: false },
    { expression: column('e', 'experiment_id'), type: 'bigint', isAscending: false },
  ],
};

export function createExperimentStore(db: Db, clock: Clock): ExperimentStore {
  const get = async (experimentId: string): Promise<Experiment> => {
    const id = toExperimentId(experimentId);
    const { rows } = await sql<ExperimentRow>`
      SELECT e.*, ${TAGS} FROM experiments AS e WHERE e.experiment_id = ${id}`.execute(db);
    const [row] = rows;
    if (row === undefined) throw noExperiment(experimentId);
    return toExperiment(row);
  };

  const findByName = async (name: string): Promise<Experiment | undefined> => {
    const { rows } = await sql<ExperimentRow>`
      SELECT e.*, ${TAGS} FROM experiments AS e WHERE e.name = ${name}`.execute(db);
    const [row] = rows;
    return row === undefined ? undefined : toExperiment(row);
  };

  const create: ExperimentStore['create'] = async ({ name, artifactLocation, tags = {} }) => {
    checkExperimentName(name);
    const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
    pairs.forEach(checkExperimentTag);
    const now = clock.nowMs();
    const location =
      artifactLocation === undefined || artifactLocation === '' ? null : stripEnd(artifactLocation, /\//);
    try {
      const { rows } = await sql<{ experiment_id: number }>`
        WITH fresh AS (SELECT nextval(pg_get_serial_sequence('experiments', 'experiment_id')) AS id),
        made AS (
          INSERT INTO experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
          SELECT id, ${name}, coalesce(${location}::text, 'mlflow-artifacts:/' || id), ${now}, ${now} FROM fresh
          RETURNING experiment_id
        ),
        tagged AS (
          INSERT INTO experiment_tags (experiment_id, key, value)
          SELECT made.experiment_id, given.key, given.value
          FROM made, unnest(${pairs.map((pair) => pair.key)}::text[], ${pairs.map((pair) => pair.value)}::text[]) AS given (key, value)
        )
        SELECT experiment_id FROM made`.execute(db);
      return String(rows[0]?.experiment_id);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const isDeleted = (await findByName(name))?.lifecycleStage === 'deleted';
      const state = isDeleted ? ' in deleted state: restore it or choose another name' : '';
      throw new AppError('already-exists', `Experiment '${name}' already exists${state}.`, { cause: error });
    }
  };

  const setLifecycle = async (
    experimentId: string,
    from: LifecycleStage,
    to: LifecycleStage,
  ): Promise<void> => {
    const id = toExperimentId(experimentId);
    const now = clock.nowMs();
    await db.transaction().execute(async (trx) => {
      const { numUpdatedRows } = await trx
        .updateTable('experiments')
        .set({ lifecycle_stage: to, last_update_time: now })
        .where('experiment_id', '=', id)
        .where('lifecycle_stage', '=', from)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) throw noExperiment(experimentId, from);
      await trx
        .updateTable('tracking_runs')
        .set({ lifecycle_stage: to, deleted_time: to === 'deleted' ? now : null })
        .where('experiment_id', '=', id)
        .execute();
    });
  };

  return {
    create,
    get,
    findByName,
    ensure: async (name) => await ensureExperiment({ create, findByName }, name),
    search: async ({ viewType = 'ACTIVE_ONLY', ...options }) => {
      const page = await queryPage<ExperimentRow>({
        db,
        space: SPACE,
        select: sql`e.*, ${TAGS}`,
        from: sql`experiments AS e`,
        where: viewCondition(viewType, 'e'),
        options,
        defaultMaxResults: 1000,
        mostResults: 50_000,
      });
      return { ...page, items: page.items.map(toExperiment) };
    },
    rename: async (experimentId, name) => {
      checkExperimentName(name);
      try {
        const { numUpdatedRows } = await db
          .updateTable('experiments')
          .set({ name, last_update_time: clock.nowMs() })
          .where('experiment_id', '=', toExperimentId(experimentId))
          .where('lifecycle_stage', '=', 'active')
          .executeTakeFirst();
        if (numUpdatedRows === 1n) return;
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new AppError('already-exists', `Experiment '${name}' already exists.`, { cause: error });
      }
      await get(experimentId);
      throw new AppError('invalid-input', 'Cannot rename a non-active experiment.');
    },
    delete: async (experimentId) => {
      if (experimentId === '0')
        throw new AppError('invalid-input', 'Cannot delete the default experiment 0.');
      await setLifecycle(experimentId, 'active', 'deleted');
    },
    restore: (experimentId) => setLifecycle(experimentId, 'deleted', 'active'),
    setTag: async (experimentId, key, value) => {
      checkExperimentTag({ key, value });
      const { lifecycleStage } = await get(experimentId);
      if (lifecycleStage !== 'active')
        throw new AppError(
          'invalid-input',
          `The experiment ${experimentId} must be in the 'active' state. Current state is deleted.`,
        );
      await db
        .insertInto('experiment_tags')
        .values({ experiment_id: toExperimentId(experimentId), key, value })
        .onConflict((conflict) => conflict.columns(['experiment_id', 'key']).doUpdateSet({ value }))
        .execute();
    },
    deleteTag: async (experimentId, key) => {
      await get(experimentId);
      const { numDeletedRows } = await db
        .deleteFrom('experiment_tags')
        .where('experiment_id', '=', toExperimentId(experimentId))
        .where('key', '=', key)
        .executeTakeFirst();
      if (numDeletedRows === 0n)
        throw new AppError('not-found', `No tag with name: ${key} in experiment with id ${experimentId}`);
    },
  };
}

/** @throws AppError `invalid-input` for what is no decimal number */
export function toExperimentId(experimentId: string): number {
  const id = Number(experimentId);
  if (/^\d+$/.test(experimentId) && Number.isSafeInteger(id)) return id;
  throw new AppError(
    'invalid-input',
    `Invalid experiment ID: ${JSON.stringify(experimentId.slice(0, 100))}. It must be an integer.`,
  );
}

export function viewCondition(viewType: ViewType, alias: string) {
  if (viewType === 'ALL') return [];
  return [sql`${column(alias, 'lifecycle_stage')} = ${viewType === 'ACTIVE_ONLY' ? 'active' : 'deleted'}`];
}

export function noExperiment(experimentId: string, stage?: LifecycleStage): AppError {
  const which = stage === undefined ? '' : `${stage} `;
  return new AppError('not-found', `No ${which}experiment with id=${experimentId} exists`);
}

function toExperiment(row: ExperimentRow): Experiment {
  return {
    experimentId: String(row.experiment_id),
    name: row.name,
    artifactLocation: row.artifact_location,
    lifecycleStage: row.lifecycle_stage,
    creationTimeMs: row.creation_time,
    lastUpdateTimeMs: row.last_update_time,
    tags: (row.tags ?? {}) satisfies Tags,
  };
}
