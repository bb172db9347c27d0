import { z } from '@hono/zod-openapi';
import { createRoutes, route, type Router } from '../http/index.ts';
import type { Metrics } from '../metrics.ts';

export function createMetricsRoutes({ registry }: Pick<Metrics, 'registry'>): Router {
  return createRoutes('health', [
    route('GET /metrics', {
      summary: 'Metrics in the text format of Prometheus; docs/metrics.md names them',
      query: z.object({
        names: z
          .string()
          .regex(/^[\w:,]{0,1000}$/u)
          .optional()
          .openapi({ description: 'only these, with commas between them; nothing else is read for it' }),
      }),
      answer: { description: 'metrics', content: { 'text/plain': { schema: z.string() } } },
      handle: async ({ query: { names }, c }) => {
        const asked = names?.split(',').filter((name) => registry.getSingleMetric(name) !== undefined);
        const text =
          asked === undefined
            ? await registry.metrics()
            : (await Promise.all(asked.map((name) => registry.getSingleMetricAsString(name)))).join('\n\n');
        return c.text(text, 200, { 'Content-Type': registry.contentType });
      },
    }),
  ]);
}
