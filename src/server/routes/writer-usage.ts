/** What language models were asked and what it cost. */
import { z } from '@hono/zod-openapi';
import type { Db } from '../../db/index.ts';
import { readUsage } from '../../serving/index.ts';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';

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

export function createWriterUsageRoutes(db: Db): Router {
  return createRoutes('brands', [
    route('GET /writers/usage', {
      summary: 'Requests, tokens and cost of language models, by day, model, brand and job',
      query: z.strictObject({
        brand: z.string().max(80).optional().openapi({ description: 'a brand, or one version of it' }),
        job: z.string().max(100).optional(),
        since: z.iso.date().optional(),
        limit: z.coerce.number<string>().int().min(1).max(1000).optional(),
      }),
      answer: jsonAnswer('the usage, newest day first', { usage: z.array(usage) }),
      refusals: { 400: 'a query that cannot be used' },
      handle: async ({ query: { limit = 100, ...of } }) => {
        const rows = await readUsage(db, { ...of, limit });
        const orNull = (text: string): string | null => (text === '' ? null : text);
        return {
          usage: rows.map((row) => ({
            ...row,
            brand: orNull(row.brand),
            job_id: orNull(row.job_id),
            cost: row.currency === '' ? null : row.cost,
            currency: orNull(row.currency),
          })),
        };
      },
    }),
  ]);
}
