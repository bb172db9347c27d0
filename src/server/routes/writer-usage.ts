/** What language models were asked and what it cost. */
import { z } from '@hono/zod-openapi';
import type { Db } from '../../db/index.ts';
import { readUsage } from '../../serving/index.ts';
import { createRouter, defineRoute, errorResponse, jsonAnswer, type Router } from '../http/index.ts';

const count = z.int();
const usage = z
  .object({
    day: z.iso.date(),
    writer: z.string(),
    model: z.string(),
    brand: z.string().nullable(),
    job_id: z.string().nullable(),
    requests: count,
    uncounted: count.openapi({ description: 'requests whose tokens the provider did not count' }),
    prompt_tokens: count,
    cached_tokens: count,
    completion_tokens: count,
    cost: z.number().nullable(),
    currency: z.string().nullable(),
  })
  .openapi('WriterUsage');

const usageRoute = defineRoute({
  method: 'get',
  path: '/writers/usage',
  tags: ['brands'],
  summary: 'Requests, tokens and cost of language models, by day, model, brand and job',
  request: {
    query: z.strictObject({
      brand: z.string().max(80).optional().openapi({ description: 'a brand, or one version of it' }),
      job: z.string().max(100).optional(),
      since: z.iso.date().optional(),
      limit: z.coerce.number<string>().int().min(1).max(1000).optional(),
    }),
  },
  responses: {
    200: jsonAnswer('the usage, newest day first', { usage: z.array(usage) }),
    400: errorResponse('a query that cannot be used'),
  },
});

export function createWriterUsageRoutes(db: Db): Router {
  return createRouter().openapi(usageRoute, async function showWriterUsage(c) {
    const { limit = 100, ...of } = c.req.valid('query');
    const rows = await readUsage(db, { ...of, limit });
    const orNull = (text: string): string | null => (text === '' ? null : text);
    return c.json(
      {
        status: 'success' as const,
        usage: rows.map((row) => ({
          ...row,
          brand: orNull(row.brand),
          job_id: orNull(row.job_id),
          cost: row.currency === '' ? null : row.cost,
          currency: orNull(row.currency),
        })),
      },
      200,
    );
  });
}
