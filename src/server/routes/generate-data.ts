/**
 * `GET /generate_data`: synthetic product records, streamed, so that a hundred thousand cost no more memory
 * than fifty.
 */
import { z } from '@hono/zod-openapi';
import { randomInt } from 'node:crypto';
import { generateRecords, type SyntheticRecord } from '../../data/index.ts';
import type { Clock } from '../../core/clock.ts';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';

const MAX_COUNT = 100_000;
const MAX_SEED = 2 ** 31 - 1;
const RECORDS_PER_CHUNK = 200;

export function createGenerateDataRoutes(deps: { clock: Clock }): Router {
  return createRoutes('data', [
    route('GET /generate_data', {
      summary: 'Synthetic product records',
      query: z.strictObject({
        count: z.coerce.number<string>().int().min(1).max(MAX_COUNT).default(50),
        seed: z.coerce
          .number<string>()
          .int()
          .min(0)
          .max(MAX_SEED)
          .optional()
          .openapi({ description: 'The same seed gives the same records; drawn and told when left out' }),
      }),
      answer: jsonAnswer('the records', {
        count: z.int(),
        seed: z.int(),
        timestamp: z.iso.datetime(),
        data: z.array(
          z
            .object({
              id: z.string(),
              title: z.string(),
              category: z.string(),
              description: z.string(),
              price: z.number(),
              rating: z.number(),
              timestamp: z.iso.datetime(),
            })
            .openapi('ProductRecord'),
        ),
      }),
      refusals: { 400: 'count or seed out of range' },
      standsAlone: true,
      handle: async ({ query: { count, seed = randomInt(MAX_SEED) }, c }) => {
        const head = { status: 'success', count, seed, timestamp: deps.clock.now().toISOString() };
        const opening = `${JSON.stringify(head).slice(0, -1)},"data":[`;
        // Typed as any response: the declared shape is streamed, not built.
        return c.body(streamRecords(opening, generateRecords({ count, seed })), 200, {
          'Content-Type': 'application/json',
        });
      },
    }),
  ]);
}

function streamRecords(opening: string, records: Iterator<SyntheticRecord>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isFirst = true;
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(opening)),
    pull: async (controller) => {
      // Lets other requests in between chunks.
      await new Promise((resolve) => setImmediate(resolve));
      const parts: string[] = [];
      for (let taken = 0; taken < RECORDS_PER_CHUNK; taken += 1) {
        const next = records.next();
        if (next.done === true) {
          controller.enqueue(encoder.encode(`${parts.join('')}]}`));
          controller.close();
          return;
        }
        parts.push(`${isFirst ? '' : ','}${JSON.stringify(next.value)}`);
        isFirst = false;
      }
      controller.enqueue(encoder.encode(parts.join('')));
    },
  });
}
