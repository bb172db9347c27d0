/** What the gate found about a version, and a person's word on it. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import type { Locks } from '../../db/index.ts';
import { approveVersion, rejectVersion, type RegistryStore } from '../../tracking/index.ts';
import { createRoutes, jsonAnswer, route, type AppEnv, type Router } from '../http/index.ts';
import { nameCaller } from '../keys/index.ts';
import { modelName, reasonSchema, renderVersion, versionNumber, versionSchema } from './models.ts';

const params = z.object({ name: modelName, version: versionNumber });
const decided = {
  answer: jsonAnswer('the version as it stands now', { version: versionSchema }),
  refusals: {
    400: 'no reason',
    403: 'not an admin key',
    404: 'no such version',
    409: 'it is not pending, or the champion is another than it was compared with',
  },
};

export function createModelGateRoutes(deps: {
  locks: Locks;
  registry: RegistryStore;
  artifacts: ArtifactStore;
}): Router {
  const { registry, artifacts } = deps;
  const read = async (name: string, number: number, file: string): Promise<string> => {
    const { pipelineRunId } = await registry.getVersion(name, number);
    const key = `runs/${pipelineRunId ?? ''}/${file}`;
    if (pipelineRunId === null || !(await artifacts.exists(key)))
      throw new AppError(
        'not-found',
        `version ${number} of ${name} has no gate report: it did not come from a run`,
      );
    return await artifacts.readText(key);
  };
  const approvalReason = (c: Context<AppEnv>, { reason }: { reason: string }) => ({
    by: nameCaller(c),
    reason,
  });

  return createRoutes('models', [
    route('POST /models/{name}/versions/{version}/approve', {
      summary: 'Make a version that has won the gate the champion',
      params,
      body: reasonSchema,
      ...decided,
      handle: async ({ params, body, c }) => {
        const version = await approveVersion(deps, params, approvalReason(c, body));
        return { version: renderVersion(c, version) };
      },
    }),
    route('POST /models/{name}/versions/{version}/reject', {
      summary: 'Leave the champion where it is',
      params,
      body: reasonSchema,
      ...decided,
      handle: async ({ params, body, c }) => {
        const version = await rejectVersion(deps, params, approvalReason(c, body));
        return { version: renderVersion(c, version) };
      },
    }),
    route('GET /models/{name}/versions/{version}/gate', {
      summary: 'The report of the gate that let the version in',
      params,
      answer: jsonAnswer('the report', { gate: z.looseObject({}) }),
      refusals: { 404: 'no such version, or no gate has judged it' },
      handle: async ({ params: { name, version } }) => {
        const gate = JSON.parse(await read(name, version, 'comparison.json')) as Record<string, unknown>;
        return { gate };
      },
    }),
    route('GET /models/{name}/versions/{version}/gate.html', {
      summary: 'The same report as a page',
      params,
      answer: { description: 'the page', content: { 'text/html': { schema: z.string() } } },
      refusals: { 404: 'no such version, or no gate has judged it' },
      handle: async ({ params: { name, version }, c }) => {
        return c.html(await read(name, version, 'comparison.html'), 200);
      },
    }),
  ]);
}
