/** What was predicted, by id: to read it again and to erase it. */
import { z } from '@hono/zod-openapi';
import type { Db } from '../../db/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type Router } from '../http/index.ts';
import { listPredictions, type PredictionStore } from '../predictions/index.ts';

const predictionSchema = z
  .object({
    id: z.string(),
    created_at: z.iso.datetime(),
    title: z.string(),
    description: z.string(),
    request: z.looseObject({}),
    response: z.looseObject({}),
    confidence_score: z.number(),
    model: z.object({ name: z.string(), version: z.int() }),
    writer: z.string(),
    request_id: z.string(),
  })
  .openapi('StoredPrediction');
/** `<milliseconds since 1970>.<prediction id>`: two predictions may be of one moment. */
const CURSOR = /^(\d{1,13})\.([0-9a-f]{32})$/;
export const predictionId = z.string().regex(/^[0-9a-f]{32}$/, 'must be the prediction_id of an answer');
const params = z.object({ id: predictionId });

const moment = z.iso.datetime({ offset: true });
const summarySchema = predictionSchema
  .omit({ description: true, request: true, response: true, request_id: true })
  .extend({ ad_copy: z.string() })
  .openapi('PredictionSummary');

export function createPredictionRoutes({ db, store }: { db: Db; store: PredictionStore }): Router {
  return createRoutes('feedback', [
    route('GET /predictions', {
      summary: 'Stored predictions, newest first',
      query: z.strictObject({
        limit: z.coerce.number<string>().int().min(1).max(500).default(50),
        from: moment.optional().openapi({ description: 'predictions of this time or later' }),
        to: moment.optional().openapi({ description: 'predictions before this time' }),
        before: z
          .string()
          .regex(CURSOR, 'must be `next` of the page before')
          .optional()
          .openapi({ description: '`next` of the page before' }),
      }),
      answer: jsonAnswer('a page of the predictions', {
        predictions: z.array(summarySchema),
        next: z.string().nullable().openapi({ description: 'for `before`; null at the end' }),
      }),
      handle: async ({ query: { before, from, to, limit } }) => {
        await store.flush();
        const [, atMs, id = ''] = CURSOR.exec(before ?? '') ?? [];
        const stored = await listPredictions(db, {
          limit,
          from: from === undefined ? undefined : new Date(from),
          to: to === undefined ? undefined : new Date(to),
          before: atMs === undefined ? undefined : { createdAt: new Date(Number(atMs)), id },
        });
        const last = stored.at(-1);
        const predictions = stored.map((one) =>
          renderAs(summarySchema, { ...one, adCopy: one.copyText, model: modelOf(one) }),
        );
        const next =
          last === undefined || stored.length < limit ? null : `${last.createdAt.getTime()}.${last.id}`;
        return { predictions, next };
      },
    }),
    route('GET /predictions/{id}', {
      summary: 'A stored prediction',
      params,
      answer: jsonAnswer('the prediction', { prediction: predictionSchema }),
      refusals: { 404: 'no such prediction' },
      handle: async ({ params }) => {
        const stored = await store.get(params.id);
        const prediction = renderAs(predictionSchema, { ...stored, model: modelOf(stored) });
        return { prediction };
      },
    }),
    route('DELETE /predictions/{id}', {
      summary: 'Erase a stored prediction and the feedback on it',
      params,
      answer: { description: 'erased' },
      status: 204,
      refusals: { 404: 'no such prediction' },
      handle: async ({ params, c }) => {
        await store.erase(params.id);
        return c.body(null, 204);
      },
    }),
  ]);
}

function modelOf({ modelName, modelVersion }: { modelName: string; modelVersion: number }) {
  return { name: modelName, version: modelVersion };
}
