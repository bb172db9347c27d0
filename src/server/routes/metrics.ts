import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, type Router } from '../http/index.ts';
import type { Metrics } from '../metrics.ts';

const metricsRoute = defineRoute({
  method: 'get',
  path: '/metrics',
  tags: ['health'],
  summary: 'Metrics in the text format of Prometheus; docs/metrics.md names them',
  responses: { 200: { description: 'metrics', content: { 'text/plain': { schema: z.string() } } } },
});

export function createMetricsRoutes(metrics: Metrics): Router {
  return createRouter().openapi(metricsRoute, async function showMetrics(c) {
    return c.text(await metrics.registry.metrics(), 200, { 'Content-Type': metrics.registry.contentType });
  });
}
