/** The registry, for reading, and the way back: rollback. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  APPROVAL_STATES,
  approvalOf,
  compareWithPrevious,
  nameIs,
  type ModelVersion,
  type RegistryStore,
} from '../../tracking/index.ts';
import { checkAliasMove, type ServedGuard } from '../guard-served.ts';
import {
  addressOf,
  createRoutes,
  jsonAnswer,
  renderAs,
  route,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import { nameCaller } from '../keys/index.ts';

const MAX_PAGE = 1000;
export const modelName = z.string().min(1).max(256);
export const versionNumber = z.coerce
  .number<string>()
  .int()
  .min(1)
  .max(2 ** 31 - 1);
export const versionSchema = z
  .object({
    name: z.string(),
    version: z.int(),
    description: z.string().nullable(),
    aliases: z.array(z.string()),
    /** Where gate.approval asks for a person. */
    approval: z.enum(APPROVAL_STATES).nullable(),
    /** The page of the gate's report; null for a version that came from no run. */
    gate_report: z.string().nullable(),
    status: z.string(),
    source: z.string(),
    tracking_run_id: z.string().nullable(),
    pipeline_run_id: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    created_at: z.iso.datetime(),
  })
  .openapi('ModelVersion');
/** Beside every version before it; each accuracy is the one measured when the version was registered. */
const versionComparisonSchema = z
  .object({
    accuracy: z.number().nullable(),
    /** Over the version before. */
    gain: z.number().nullable(),
    earlier: z.array(
      z.object({ version: z.int(), accuracy: z.number().nullable(), gain: z.number().nullable() }),
    ),
  })
  .openapi('VersionComparison');
const moveSchema = z
  .object({
    alias: z.string(),
    kind: z.enum(['set', 'delete', 'rollback']),
    from_version: z.int().nullable(),
    to_version: z.int().nullable(),
    moved_at: z.iso.datetime(),
    moved_by: z.string(),
    reason: z.string(),
    pipeline_run_id: z.string().nullable(),
  })
  .openapi('AliasMove');
const modelSchema = z
  .object({
    name: z.string(),
    description: z.string().nullable(),
    aliases: z.record(z.string(), z.int()),
    latest_version: z.int().nullable(),
  })
  .openapi('Model');

export const reasonSchema = z.strictObject({ reason: z.string().trim().min(1).max(1000) }).openapi('Reason');

export function createModelRoutes(
  registry: RegistryStore,
  guardOf: (c: Context<AppEnv>) => ServedGuard,
): Router {
  return createRoutes('models', [
    route('GET /models', {
      summary: 'Registered models',
      answer: jsonAnswer('the models', { models: z.array(modelSchema) }),
      handle: async () => {
        const { items } = await registry.searchModels({ maxResults: MAX_PAGE });
        const models = items.map((model) => ({
          name: model.name,
          description: model.description,
          aliases: Object.fromEntries(model.aliases.map(({ alias, version }) => [alias, version])),
          latest_version: model.latestVersions.reduce<number | null>(
            (latest, { version }) => Math.max(latest ?? 0, version),
            null,
          ),
        }));
        return { models };
      },
    }),
    route('GET /models/{name}/versions', {
      summary: 'Versions of a model, newest first',
      params: z.object({ name: modelName }),
      answer: jsonAnswer('the versions', { versions: z.array(versionSchema) }),
      refusals: { 404: 'no such model' },
      handle: async ({ params, c }) => {
        const model = await registry.getModel(params.name);
        const { items } = await registry.searchVersions({
          filter: nameIs(model.name),
          maxResults: MAX_PAGE,
        });
        const versions = items
          .toSorted((a, b) => b.version - a.version)
          .map((version) => renderVersion(c, version));
        return { versions };
      },
    }),
    route('GET /models/{name}/versions/{version}', {
      summary: 'One version',
      params: z.object({
        name: modelName,
        version: versionNumber,
      }),
      answer: jsonAnswer('the version', { version: versionSchema, comparison: versionComparisonSchema }),
      refusals: { 404: 'no such version' },
      handle: async ({ params: { name: model, version }, c }) => {
        const found = await registry.getVersion(model, version);
        const { current, gain, earlier } = await compareWithPrevious({ registry }, model, version);
        const comparison = {
          accuracy: current.accuracy,
          gain,
          earlier: earlier.map((one) => ({ version: one.version, accuracy: one.accuracy, gain: one.gain })),
        };
        return { version: renderVersion(c, found), comparison };
      },
    }),
    route('GET /models/{name}/aliases/{alias}/history', {
      summary: 'Where an alias has pointed, newest first',
      params: z.object({ name: modelName, alias: modelName }),
      answer: jsonAnswer('the moves', { history: z.array(moveSchema) }),
      refusals: { 404: 'no such model' },
      handle: async ({ params: { name: model, alias } }) => {
        await registry.getModel(model);
        return {
          history: (await registry.aliasHistory(model, alias)).map((move) => renderAs(moveSchema, move)),
        };
      },
    }),
    route('POST /models/{name}/aliases/{alias}/rollback', {
      summary: 'Move an alias back to where it was before it last moved forward',
      params: z.object({ name: modelName, alias: modelName }),
      body: reasonSchema,
      answer: jsonAnswer('the version it points at now', { version: versionSchema }),
      refusals: {
        400: 'no reason',
        403: 'an alias that has traffic is moved with an admin key alone',
        404: 'no such model or alias',
        409: 'there is nothing to go back to',
      },
      handle: async ({ params: { name: model, alias }, body, c }) => {
        const { reason } = body;
        await checkAliasMove(model, alias, guardOf(c));
        const version = await registry.rollbackAlias(model, alias, { movedBy: nameCaller(c), reason });
        return { version: renderVersion(c, version) };
      },
    }),
  ]);
}

export function renderVersion(c: Context<AppEnv>, version: ModelVersion): z.input<typeof versionSchema> {
  return {
    name: version.name,
    version: version.version,
    description: version.description,
    aliases: [...version.aliases],
    approval: approvalOf(version),
    gate_report:
      version.pipelineRunId === null
        ? null
        : addressOf(c, `/models/${encodeURIComponent(version.name)}/versions/${version.version}/gate.html`),
    status: version.status,
    source: version.source,
    tracking_run_id: version.runId,
    pipeline_run_id: version.pipelineRunId,
    tags: { ...version.tags },
    created_at: new Date(version.creationTimeMs).toISOString(),
  };
}
