/** For load balancers: is the process alive, may it be sent requests. */
import { createRoute, z } from '@hono/zod-openapi';
import { AppError } from '../../core/errors.ts';
import { createRouter, errorResponse, type Router } from '../http/index.ts';
import type { ServedModels } from '../../serving/index.ts';

const healthRoute = createRoute({
  method: 'get',
  path: '/health',
  tags: ['health'],
  summary: 'Whether the process is alive',
  responses: {
    200: {
      description: 'alive',
      content: {
        'application/json': {
          schema: z.object({ status: z.literal('healthy'), uptime_seconds: z.number() }),
        },
      },
    },
  },
});

const readyRoute = createRoute({
  method: 'get',
  path: '/ready',
  tags: ['health'],
  summary: 'Whether a champion serves',
  responses: {
    200: {
      description: 'a champion serves',
      content: {
        'application/json': {
          schema: z.object({
            status: z.literal('ready'),
            model: z.object({ name: z.string(), version: z.int() }),
          }),
        },
      },
    },
    503: errorResponse('no champion yet, or the database does not answer'),
  },
});

export function createHealthRoutes(deps: {
  models: ServedModels;
  checkDatabase: () => Promise<void>;
}): Router {
  return createRouter()
    .openapi(healthRoute, function health(c) {
      return c.json({ status: 'healthy' as const, uptime_seconds: Math.round(process.uptime()) }, 200);
    })
    .openapi(readyRoute, async function ready(c) {
      const { ref } = requireChampion(deps.models);
      await deps.checkDatabase();
      return c.json({ status: 'ready' as const, model: ref }, 200);
    });
}

function requireChampion(models: ServedModels) {
  const leased = models.lease('');
  leased.release();
  if (leased.model.scorer.liveThreads === 0) {
    throw new AppError('unavailable', 'the scoring threads died and are being opened again');
  }
  return leased.model;
}
