/** The loop in numbers: what was asked and told of late, and what waits to be learned from. */
import { z } from '@hono/zod-openapi';
import { sql } from 'kysely';
import type { Db } from '../../db/index.ts';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';

/** Enough to tell a quiet day from a busy one; counting on would cost more than it says. */
const MOST = 100_000;
/** Far more than a run waits for. */
const MOST_WAITING = 10_000;

export function createLoopRoutes(db: Db): Router {
  return createRoutes('health', [
    route('GET /loop', {
      summary:
        'Predictions and feedback of the last 24 hours, and feedback that no dataset version has taken in',
      answer: jsonAnswer(`the numbers; ${MOST} stands for that or more`, {
        predictions: z.int(),
        feedback: z.int(),
        feedback_waiting: z
          .int()
          .max(MOST_WAITING)
          .openapi({
            description: `What no dataset version has taken in; ${MOST_WAITING} stands for that or more`,
          }),
      }),
      handle: async () => {
        const { rows } = await sql<{ predictions: number; feedback: number; feedback_waiting: number }>`
      SELECT (SELECT count(*) FROM (SELECT FROM predictions WHERE created_at > now() - interval '1 day'
               LIMIT ${MOST}) AS asked)::int AS predictions,
             (SELECT count(*) FROM (SELECT FROM feedback WHERE created_at > now() - interval '1 day'
               LIMIT ${MOST}) AS told)::int AS feedback,
             (SELECT count(*) FROM (SELECT FROM feedback WHERE dataset_version IS NULL
               LIMIT ${MOST_WAITING}) AS waiting)::int AS feedback_waiting`.execute(db);
        return rows[0] ?? { predictions: 0, feedback: 0, feedback_waiting: 0 };
      },
    }),
  ]);
}
