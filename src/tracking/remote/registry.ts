/** The registry of a remote MLflow server. */
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { toPairs } from '../../mlflow/codec.ts';
import type { ModelVersion, Page, RegisteredModel, SearchOptions } from '../entities.ts';
import { nameIs, quoteText } from '../filters.ts';
import { checkModelName, checkRegistryTag } from '../limits.ts';
import type { NewModelVersion, RegistryStore } from '../tracking-store.ts';
import { createRemoteAliases } from './aliases.ts';
import { ask, askPage, renderSearch, tell } from './ask.ts';
import type { MlflowConnection, RemoteCall } from './connection.ts';
import {
  createRemoteModels,
  modelEntity,
  PIPELINE_RUN_TAG,
  toModel,
  versionEntity,
} from './model-requests.ts';

const oneModel = z.object({ registered_model: modelEntity }).transform((answer) => answer.registered_model);
const oneVersion = z.object({ model_version: versionEntity }).transform((answer) => answer.model_version);

export function createRemoteRegistry(connection: MlflowConnection, clock: Clock): RegistryStore {
  const models = createRemoteModels(connection);
  const aliases = createRemoteAliases(models, clock);
  const change = async (method: RemoteCall['method'], path: string, body: object): Promise<void> =>
    await tell(connection, { method, path, body, isRepeatable: true });
  const changeModel = async (
    method: RemoteCall['method'],
    path: string,
    body: object,
    isRepeatable = true,
  ): Promise<RegisteredModel> => await ask(connection, { method, path, body, isRepeatable }, oneModel);
  const changeVersion = async (
    method: RemoteCall['method'],
    path: string,
    body: object,
    isRepeatable = true,
  ): Promise<ModelVersion> => await ask(connection, { method, path, body, isRepeatable }, oneVersion);

  const findVersions = async (options: SearchOptions): Promise<Page<ModelVersion>> =>
    await askPage(
      connection,
      { method: 'GET', path: 'model-versions/search', query: renderSearch(options), isRepeatable: true },
      'model_versions',
      versionEntity,
    );

  /** MLflow's search leaves the aliases of versions out; those of their models say them. */
  const searchVersions: RegistryStore['searchVersions'] = async (options) => {
    const page = await findVersions(options);
    const pointing = new Map<string, { alias: string; version: number }[]>();
    for (const name of new Set(page.items.map((version) => version.name)))
      pointing.set(name, (await models.get(name)).aliases);
    const items = page.items.map((version) => ({
      ...version,
      aliases: (pointing.get(version.name) ?? [])
        .filter((one) => one.version === version.version)
        .map(({ alias }) => alias),
    }));
    return { ...page, items };
  };

  /** Oldest first. */
  const versionsOfRun = async (name: string, pipelineRunId: string): Promise<ModelVersion[]> => {
    const { items } = await findVersions({
      filter: `${nameIs(name)} AND tags.\`${PIPELINE_RUN_TAG}\` = ${quoteText(pipelineRunId)}`,
    });
    return items.toSorted((a, b) => a.version - b.version);
  };

  const makeVersion = async (given: NewModelVersion): Promise<ModelVersion> => {
    const tags = { ...given.tags };
    if (given.pipelineRunId !== undefined) tags[PIPELINE_RUN_TAG] = given.pipelineRunId;
    toPairs(tags).forEach(checkRegistryTag);
    return await changeVersion(
      'POST',
      'model-versions/create',
      {
        name: given.name,
        source: given.source,
        run_id: given.runId,
        run_link: given.runLink,
        model_id: given.modelId,
        description: given.description,
        tags: toPairs(tags),
      },
      false,
    );
  };

  /**
   * MLflow knows no uniqueness of tags: of two that were made at once the older one stays, whoever made it.
   */
  const createVersion: RegistryStore['createVersion'] = async (given) => {
    checkModelName(given.name);
    const { name, pipelineRunId } = given;
    if (pipelineRunId === undefined) return await makeVersion(given);
    const [before] = await versionsOfRun(name, pipelineRunId);
    if (before !== undefined) return before;
    const made = await makeVersion(given);
    const [first = made] = await versionsOfRun(name, pipelineRunId);
    if (first.version < made.version)
      await change('DELETE', 'model-versions/delete', { name, version: String(made.version) });
    return first;
  };

  return {
    ...aliases,
    createModel: async ({ name, description, tags = {} }) => {
      checkModelName(name);
      toPairs(tags).forEach(checkRegistryTag);
      const body = { name, description, tags: toPairs(tags) };
      return await changeModel('POST', 'registered-models/create', body, false);
    },
    getModel: async (name) => {
      checkModelName(name);
      return toModel(await models.get(name));
    },
    renameModel: async (name, newName) => {
      checkModelName(newName);
      return await changeModel('POST', 'registered-models/rename', { name, new_name: newName }, false);
    },
    updateModel: async (name, description) =>
      await changeModel('PATCH', 'registered-models/update', { name, description }),
    deleteModel: async (name) => await change('DELETE', 'registered-models/delete', { name }),
    searchModels: async (options) =>
      await askPage(
        connection,
        { method: 'GET', path: 'registered-models/search', query: renderSearch(options), isRepeatable: true },
        'registered_models',
        modelEntity,
      ),
    setModelTag: async (name, key, value) => {
      checkRegistryTag({ key, value });
      await models.setTag(name, { key, value });
    },
    deleteModelTag: async (name, key) =>
      await change('DELETE', 'registered-models/delete-tag', { name, key }),
    createVersion,
    getVersion: async (name, version) => {
      checkModelName(name);
      return await models.getVersion(name, version);
    },
    updateVersion: async (name, version, description) =>
      await changeVersion('PATCH', 'model-versions/update', { name, version: String(version), description }),
    transitionStage: async (name, version, stage, archiveExisting) =>
      await changeVersion('POST', 'model-versions/transition-stage', {
        name,
        version: String(version),
        stage,
        archive_existing_versions: archiveExisting,
      }),
    deleteVersion: async (
      name,
      version,
      why = { movedBy: 'registry', reason: `version ${version} was deleted` },
    ) => {
      const { aliases: pointing } = await models.getVersion(name, version);
      for (const alias of pointing) await aliases.deleteAlias(name, alias, why);
      await change('DELETE', 'model-versions/delete', { name, version: String(version) });
    },
    searchVersions,
    setVersionTag: async (name, version, key, value) => {
      checkRegistryTag({ key, value });
      await change('POST', 'model-versions/set-tag', { name, version: String(version), key, value });
    },
    deleteVersionTag: async (name, version, key) =>
      await change('DELETE', 'model-versions/delete-tag', { name, version: String(version), key }),
  };
}
