import { sql } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import type { ModelVersion, RegisteredModel } from '../entities.ts';
import { checkModelName, checkRegistryTag, checkText } from '../limits.ts';
import { queryPage } from '../search/page.ts';
import type { RegistryStore } from '../tracking-store.ts';
import { recordEvent } from '../webhooks/outbox.ts';
import { createAliasStore, lockModel, takeAlias } from './aliases.ts';
import {
  loadModels,
  MODEL_COLUMNS,
  MODEL_SPACE,
  noModel,
  noVersion,
  toVersion,
  VERSION_COLUMNS,
  VERSION_SPACE,
  type ModelRow,
  type VersionRow,
} from './registry-rows.ts';
import { resolveFiles } from './version-files.ts';
import { isUniqueViolation } from './violations.ts';

const MAX_DESCRIPTION_CHARS = 100_000;
const MODEL_STAGES = ['None', 'Staging', 'Production', 'Archived'];

export function createRegistryStore(db: Db, clock: Clock): RegistryStore {
  const getModel = async (name: string): Promise<RegisteredModel> => {
    checkModelName(name);
    const { rows } = await sql<ModelRow>`
      SELECT ${MODEL_COLUMNS} FROM registered_models AS m WHERE m.name = ${name}`.execute(db);
    const [model] = await loadModels(db, rows);
    if (model === undefined) throw noModel(name);
    return model;
  };

  const getVersion = async (name: string, version: number): Promise<ModelVersion> => {
    checkModelName(name);
    const { rows } = await sql<VersionRow>`
      SELECT ${VERSION_COLUMNS} FROM model_versions AS v WHERE v.name = ${name} AND v.version = ${version}`.execute(
      db,
    );
    const [row] = rows;
    if (row === undefined) throw noVersion(name, version);
    return toVersion(row);
  };

  const changeModel = async (
    name: string,
    change: { name?: string; description?: string },
  ): Promise<void> => {
    const { numUpdatedRows } = await db
      .updateTable('registered_models')
      .set({ ...change, last_update_time: clock.nowMs() })
      .where('name', '=', name)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noModel(name);
  };

  const changeVersion = async (
    name: string,
    version: number,
    change: { description?: string; stage?: string },
  ): Promise<void> => {
    const { numUpdatedRows } = await db
      .updateTable('model_versions')
      .set({ ...change, last_update_time: clock.nowMs() })
      .where('name', '=', name)
      .where('version', '=', version)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw noVersion(name, version);
  };

  const createModel: RegistryStore['createModel'] = async ({ name, description, tags = {} }) => {
    checkModelName(name);
    checkText('description', description ?? '', MAX_DESCRIPTION_CHARS);
    const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
    pairs.forEach(checkRegistryTag);
    const now = clock.nowMs();
    try {
      await db.transaction().execute(async (trx) => {
        await trx
          .insertInto('registered_models')
          .values({ name, description: description ?? null, creation_time: now, last_update_time: now })
          .execute();
        if (pairs.length > 0)
          await trx
            .insertInto('registered_model_tags')
            .values(pairs.map((pair) => ({ name, ...pair })))
            .execute();
        await recordEvent(trx, 'registered_model.created', {
          name,
          tags: toTags(pairs),
          description: description ?? null,
        });
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new AppError('already-exists', `Registered Model (name=${name}) already exists.`, {
        cause: error,
      });
    }
    return await getModel(name);
  };

  const createVersion: RegistryStore['createVersion'] = async (given) => {
    const { name, pipelineRunId } = given;
    checkModelName(name);
    checkText('description', given.description ?? '', MAX_DESCRIPTION_CHARS);
    const pairs = Object.entries(given.tags ?? {}).map(([key, value]) => ({ key, value }));
    pairs.forEach(checkRegistryTag);
    const now = clock.nowMs();
    const version = await db.transaction().execute(async (trx) => {
      await lockModel(trx, name);
      if (pipelineRunId !== undefined) {
        const there = await trx
          .selectFrom('model_versions')
          .select('version')
          .where('name', '=', name)
          .where('pipeline_run_id', '=', pipelineRunId)
          .executeTakeFirst();
        if (there !== undefined) return there.version;
      }
      const filesUri = await resolveFiles(trx, given.source);
      const { last_version } = await trx
        .updateTable('registered_models')
        .set((eb) => ({ last_version: eb('last_version', '+', 1), last_update_time: now }))
        .where('name', '=', name)
        .returning('last_version')
        .executeTakeFirstOrThrow();
      await trx
        .insertInto('model_versions')
        .values({
          name,
          version: last_version,
          description: given.description ?? null,
          user_id: given.userId ?? null,
          source: given.source,
          files_uri: filesUri,
          run_id: given.runId ?? null,
          run_link: given.runLink ?? null,
          model_id: given.modelId ?? null,
          status_message: null,
          creation_time: now,
          last_update_time: now,
          pipeline_run_id: pipelineRunId ?? null,
        })
        .execute();
      if (pairs.length > 0)
        await trx
          .insertInto('model_version_tags')
          .values(pairs.map((pair) => ({ name, version: last_version, ...pair })))
          .execute();
      await recordEvent(trx, 'model_version.created', {
        name,
        version: String(last_version),
        source: given.source,
        run_id: given.runId ?? null,
        tags: toTags(pairs),
        description: given.description ?? null,
      });
      return last_version;
    });
    return await getVersion(name, version);
  };

  return {
    ...createAliasStore(db),
    createModel,
    getModel,
    renameModel: async (name, newName) => {
      checkModelName(newName);
      try {
        await changeModel(name, { name: newName });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        throw new AppError('already-exists', `Registered Model (name=${newName}) already exists.`, {
          cause: error,
        });
      }
      return await getModel(newName);
    },
    updateModel: async (name, description) => {
      checkText('description', description, MAX_DESCRIPTION_CHARS);
      await changeModel(name, { description });
      return await getModel(name);
    },
    deleteModel: async (
      name,
      why = { movedBy: 'registry', reason: `registered model ${name} was deleted` },
    ) => {
      const { aliases } = await getModel(name);
      await db.transaction().execute(async (trx) => {
        await lockModel(trx, name);
        for (const { alias } of aliases) await takeAlias(trx, name, alias, why);
        await trx.deleteFrom('registered_models').where('name', '=', name).execute();
      });
    },
    searchModels: async (options) => {
      const page = await queryPage<ModelRow>({
        db,
        space: MODEL_SPACE,
        select: MODEL_COLUMNS,
        from: sql`registered_models AS m`,
        where: [],
        options,
        defaultMaxResults: 100,
        mostResults: 1000,
      });
      return { ...page, items: await loadModels(db, page.items) };
    },
    setModelTag: async (name, key, value) => {
      checkRegistryTag({ key, value });
      await getModel(name);
      await db
        .insertInto('registered_model_tags')
        .values({ name, key, value })
        .onConflict((conflict) => conflict.columns(['name', 'key']).doUpdateSet({ value }))
        .execute();
    },
    deleteModelTag: async (name, key) => {
      await getModel(name);
      await db.deleteFrom('registered_model_tags').where('name', '=', name).where('key', '=', key).execute();
    },
    createVersion,
    getVersion,
    updateVersion: async (name, version, description) => {
      checkText('description', description, MAX_DESCRIPTION_CHARS);
      await changeVersion(name, version, { description });
      return await getVersion(name, version);
    },
    transitionStage: async (name, version, stage, archiveExisting) => {
      const wanted = MODEL_STAGES.find((one) => one.toLowerCase() === stage.toLowerCase());
      if (wanted === undefined)
        throw new AppError(
          'invalid-input',
          `Invalid Model Version stage: ${stage}. Value must be one of ${MODEL_STAGES.join(', ')}.`,
        );
      await changeVersion(name, version, { stage: wanted });
      if (archiveExisting)
        await db
          .updateTable('model_versions')
          .set({ stage: 'Archived', last_update_time: clock.nowMs() })
          .where('name', '=', name)
          .where('stage', '=', wanted)
          .where('version', '!=', version)
          .execute();
      return await getVersion(name, version);
    },
    deleteVersion: async (
      name,
      version,
      why = { movedBy: 'registry', reason: `version ${version} was deleted` },
    ) => {
      const { aliases } = await getVersion(name, version);
      await db.transaction().execute(async (trx) => {
        await lockModel(trx, name);
        for (const alias of aliases) await takeAlias(trx, name, alias, why);
        await trx
          .deleteFrom('model_versions')
          .where('name', '=', name)
          .where('version', '=', version)
          .execute();
      });
    },
    searchVersions: async (options) => {
      const page = await queryPage<VersionRow>({
        db,
        space: VERSION_SPACE,
        select: VERSION_COLUMNS,
        from: sql`model_versions AS v`,
        where: [],
        options,
        defaultMaxResults: 10_000,
        mostResults: 200_000,
      });
      return { ...page, items: page.items.map(toVersion) };
    },
    setVersionTag: async (name, version, key, value) => {
      checkRegistryTag({ key, value });
      await getVersion(name, version);
      await db.transaction().execute(async (trx) => {
        await trx
          .insertInto('model_version_tags')
          .values({ name, version, key, value })
          .onConflict((conflict) => conflict.columns(['name', 'version', 'key']).doUpdateSet({ value }))
          .execute();
        const data = { name, version: String(version), key, value };
        await recordEvent(trx, 'model_version_tag.set', data);
      });
    },
    deleteVersionTag: async (name, version, key) => {
      await getVersion(name, version);
      await db.transaction().execute(async (trx) => {
        const { numDeletedRows } = await trx
          .deleteFrom('model_version_tags')
          .where('name', '=', name)
          .where('version', '=', version)
          .where('key', '=', key)
          .executeTakeFirst();
        if (numDeletedRows === 0n) return;
        const data = { name, version: String(version), key };
        await recordEvent(trx, 'model_version_tag.deleted', data);
      });
    },
  };
}

function toTags(pairs: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]));
}
