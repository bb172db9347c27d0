import { z } from '@hono/zod-openapi';
import { createRoutes, route, type Router } from '../http/index.ts';
import type { Metrics } from '../metrics.ts';

export function createMetricsRoutes({ registry }: Pick<Metrics, 'registry'>): Router {
  const renderSome = async (names: ReadonlySet<string>): Promise<string> => {
    const asked = registry.getMetricsAsArray().filter(({ name }) => names.has(name));
    const texts = await Promise.all(asked.map(({ name }) => registry.getSingleMetricAsString(name)));
    return `${texts.join('\n\n')}\n`;
  };
  return createRoutes('health', [
    route('GET /metrics', {
      summary: 'Metrics in the text format of Prometheus; docs/metrics.md names them',
      query: z.object({
        names: z
          .string()
          .regex(/^[\w:,]{0,1000}$/u)
          .optional()
          .openapi({
            description: 'only these, with commas between them, as far as there are such; no other is read',
          }),
      }),
      answer: { description: 'metrics', content: { 'text/plain': { schema: z.string() } } },
      handle: async ({ query: { names }, c }) => {
        const text =
          names === undefined ? await registry.metrics() : await renderSome(new Set(names.split(',')));
        return c.text(text, 200, { 'Content-Type': registry.contentType });
      },
    }),
  ]);
}
