/** What the gate found about a version, and a person's word on it. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import type { Locks } from '../../db/index.ts';
import { approveVersion, rejectVersion, type RegistryStore } from '../../tracking/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import { nameCaller } from '../keys/index.ts';
import { modelName, reasonSchema, renderVersion, versionNumber, versionSchema } from './models.ts';

const params = z.object({ name: modelName, version: versionNumber });
const decided = {
  200: jsonAnswer('the version as it stands now', { version: versionSchema }),
  400: errorResponse('no reason'),
  403: errorResponse('not an admin key'),
  404: errorResponse('no such version'),
  409: errorResponse('it is not pending, or the champion is another than it was compared with'),
};

const approveRoute = defineRoute({
  method: 'post',
  path: '/models/{name}/versions/{version}/approve',
  tags: ['models'],
  summary: 'Make a version that has won the gate the champion',
  request: { params, body: jsonBody(reasonSchema) },
  responses: decided,
});

const rejectRoute = defineRoute({
  method: 'post',
  path: '/models/{name}/versions/{version}/reject',
  tags: ['models'],
  summary: 'Leave the champion where it is',
  request: { params, body: jsonBody(reasonSchema) },
  responses: decided,
});

const reportRoute = defineRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}/gate',
  tags: ['models'],
  summary: 'The report of the gate that let the version in',
  request: { params },
  responses: {
    200: jsonAnswer('the report', { gate: z.looseObject({}) }),
    404: errorResponse('no such version, or no gate has judged it'),
  },
});

const pageRoute = defineRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}/gate.html',
  tags: ['models'],
  summary: 'The same report as a page',
  request: { params },
  responses: {
    200: { description: 'the page', content: { 'text/html': { schema: z.string() } } },
    404: errorResponse('no such version, or no gate has judged it'),
  },
});

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

  return createRouter()
    .openapi(approveRoute, async function approve(c) {
      const version = await approveVersion(
        deps,
        c.req.valid('param'),
        approvalReason(c, c.req.valid('json')),
      );
      return c.json({ status: 'success' as const, version: renderVersion(c, version) }, 200);
    })
    .openapi(rejectRoute, async function reject(c) {
      const version = await rejectVersion(deps, c.req.valid('param'), approvalReason(c, c.req.valid('json')));
      return c.json({ status: 'success' as const, version: renderVersion(c, version) }, 200);
    })
    .openapi(reportRoute, async function showReport(c) {
      const { name, version } = c.req.valid('param');
      const gate = JSON.parse(await read(name, version, 'comparison.json')) as Record<string, unknown>;
      return c.json({ status: 'success' as const, gate }, 200);
    })
    .openapi(pageRoute, async function showPage(c) {
      const { name, version } = c.req.valid('param');
      return c.html(await read(name, version, 'comparison.html'), 200);
    });
}
