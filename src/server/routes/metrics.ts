import { z } from '@hono/zod-openapi';
import { createRoutes, route, type Router } from '../http/index.ts';
import type { Metrics } from '../metrics.ts';

export function createMetricsRoutes(metrics: Metrics): Router {
  return createRoutes('health', [
    route('GET /metrics', {
      summary: 'Metrics in the text format of Prometheus; docs/metrics.md names them',
      answer: { description: 'metrics', content: { 'text/plain': { schema: z.string() } } },
      handle: async ({ c }) => {
        return c.text(await metrics.registry.metrics(), 200, {
          'Content-Type': metrics.registry.contentType,
        });
      },
    }),
  ]);
}
