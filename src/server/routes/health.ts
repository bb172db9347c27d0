/** For load balancers: is the process alive, may it be sent requests. */
import { z } from '@hono/zod-openapi';
import { AppError } from '../../core/errors.ts';
import { createRoutes, route, type Router } from '../http/index.ts';
import type { ServedModels } from '../../serving/index.ts';

export function createHealthRoutes(deps: {
  models: ServedModels;
  checkDatabase: () => Promise<void>;
  isDraining: () => boolean;
}): Router {
  return createRoutes('health', [
    route('GET /health', {
      summary: 'Whether the process is alive',
      answer: {
        description: 'alive',
        content: {
          'application/json': {
            schema: z.object({ status: z.literal('healthy'), uptime_seconds: z.number() }),
          },
        },
      },
      standsAlone: true,
      handle: async () => ({ status: 'healthy' as const, uptime_seconds: Math.round(process.uptime()) }),
    }),
    route('GET /ready', {
      summary: 'Whether a champion serves; with deep=1, whether the database answers, too',
      query: z.object({
        deep: z
          .enum(['0', '1'])
          .optional()
          .openapi({ description: '1: ready only while PostgreSQL answers' }),
      }),
      answer: {
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
      refusals: {
        400: 'a query that is not understood',
        503: 'no champion yet, or the server is stopping; with deep=1, the database does not answer',
      },
      standsAlone: true,
      handle: async ({ query }) => {
        if (deps.isDraining()) throw new AppError('unavailable', 'this server is stopping: ask another');
        const { ref } = requireChampion(deps.models);
        // What is loaded predicts without PostgreSQL: taking the server out of service for it would turn an
        // outage of one into that of all.
        if (query.deep === '1') await deps.checkDatabase();
        return { status: 'ready' as const, model: ref };
      },
    }),
  ]);
}

function requireChampion(models: ServedModels) {
  const leased = models.lease('');
  leased.release();
  if (leased.model.scorer.liveThreads === 0) {
    throw new AppError('unavailable', 'the scoring threads died and are being opened again');
  }
  return leased.model;
}
