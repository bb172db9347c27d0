/**
 * Registered models and versions as MLflow answers them, with what copyloop keeps in their tags taken out.
 */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Entity } from '../../mlflow/codec.ts';
import { modelVersion, registeredModel } from '../../mlflow/messages.ts';
import { zodOf } from '../../mlflow/zod-of.ts';
import type { ModelVersion, RegisteredModel, Tags } from '../entities.ts';
import { nameIs } from '../filters.ts';
import { isMoveTag } from './alias-moves.ts';
import { ask, askPage, tell } from './ask.ts';
import type { MlflowConnection, RemoteCall } from './connection.ts';

/**
 * Tag of a version: the pipeline run that registered it. A repeated `register-model` finds its version by it.
 */
export const PIPELINE_RUN_TAG = 'copyloop.pipeline-run';

export type ModelMessage = Entity<typeof registeredModel>;

export const versionEntity = zodOf(modelVersion).transform(toVersion);
export const modelEntity = zodOf(registeredModel).transform(toModel);

export interface RemoteModels {
  /** With every tag. */
  get(name: string): Promise<ModelMessage>;
  setTag(name: string, tag: { key: string; value: string }): Promise<void>;
  getVersion(name: string, version: number): Promise<ModelVersion>;
  versionNumbers(name: string): Promise<Set<number>>;
  findAlias(name: string, alias: string): Promise<ModelVersion | undefined>;
  putAlias(name: string, alias: string, version: number): Promise<void>;
  removeAlias(name: string, alias: string): Promise<void>;
}

export function createRemoteModels(connection: MlflowConnection): RemoteModels {
  const oneVersion = z.object({ model_version: versionEntity }).transform((answer) => answer.model_version);
  const askVersion = async (path: string, query: RemoteCall['query']): Promise<ModelVersion> => {
    const found = await ask(
      connection,
      { method: 'GET', path, ...(query && { query }), isRepeatable: true },
      oneVersion,
    );
    return /^(?:models|runs):/.test(found.source) ? { ...found, filesUri: await askFiles(found) } : found;
  };
  const askFiles = async ({ name, version }: ModelVersion): Promise<string> =>
    await ask(
      connection,
      {
        method: 'GET',
        path: 'model-versions/get-download-uri',
        query: { name, version: String(version) },
        isRepeatable: true,
      },
      z.object({ artifact_uri: z.string() }).transform((answer) => answer.artifact_uri),
    );
  const change = async (method: 'POST' | 'DELETE', path: string, body: object): Promise<void> =>
    await tell(connection, { method, path: `registered-models/${path}`, body, isRepeatable: true });

  return {
    get: async (name) => {
      const answer = await ask(
        connection,
        { method: 'GET', path: 'registered-models/get', query: { name }, isRepeatable: true },
        z.object({ registered_model: zodOf(registeredModel) }),
      );
      return answer.registered_model;
    },
    setTag: async (name, tag) => await change('POST', 'set-tag', { name, ...tag }),
    getVersion: async (name, version) =>
      await askVersion('model-versions/get', { name, version: String(version) }),
    versionNumbers: async (name) => {
      const numbers = new Set<number>();
      let pageToken: string | undefined;
      do {
        const query = { filter: nameIs(name), max_results: 1000, page_token: pageToken };
        const page = await askPage(
          connection,
          { method: 'GET', path: 'model-versions/search', query, isRepeatable: true },
          'model_versions',
          zodOf(modelVersion),
        );
        for (const { version } of page.items) numbers.add(version);
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      return numbers;
    },
    findAlias: async (name, alias) => {
      try {
        return await askVersion('registered-models/alias', { name, alias });
      } catch (error) {
        // MLflow answers `invalid-input` for an alias that is not there, `not-found` for a model.
        if (error instanceof AppError && ['not-found', 'invalid-input'].includes(error.code))
          return undefined;
        throw error;
      }
    },
    putAlias: async (name, alias, version) =>
      await change('POST', 'alias', { name, alias, version: String(version) }),
    removeAlias: async (name, alias) => await change('DELETE', 'alias', { name, alias }),
  };
}

function toVersion(message: Entity<typeof modelVersion>): ModelVersion {
  const { [PIPELINE_RUN_TAG]: pipelineRunId, ...tags } = message.tags;
  return { ...message, filesUri: message.source, pipelineRunId: pipelineRunId ?? null, tags };
}

export function toModel(message: ModelMessage): RegisteredModel {
  const tags: Tags = Object.fromEntries(Object.entries(message.tags).filter(([key]) => !isMoveTag(key)));
  return { ...message, tags, latestVersions: message.latestVersions.map(toVersion) };
}
