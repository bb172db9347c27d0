/** What was predicted, by id: to read it again and to erase it. */
import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, errorResponse, jsonAnswer, type Router } from '../http/index.ts';
import type { PredictionStore } from '../predictions/index.ts';

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
export const predictionId = z.string().regex(/^[0-9a-f]{32}$/, 'must be the prediction_id of an answer');
const params = z.object({ id: predictionId });

const getRoute = defineRoute({
  method: 'get',
  path: '/predictions/{id}',
  tags: ['feedback'],
  summary: 'A stored prediction',
  request: { params },
  responses: {
    200: jsonAnswer('the prediction', { prediction: predictionSchema }),
    404: errorResponse('no such prediction'),
  },
});

const eraseRoute = defineRoute({
  method: 'delete',
  path: '/predictions/{id}',
  tags: ['feedback'],
  summary: 'Erase a stored prediction and the feedback on it',
  request: { params },
  responses: { 204: { description: 'erased' }, 404: errorResponse('no such prediction') },
});

export function createPredictionRoutes(store: PredictionStore): Router {
  return createRouter()
    .openapi(getRoute, async function showPrediction(c) {
      const stored = await store.get(c.req.valid('param').id);
      const prediction = {
        id: stored.id,
        created_at: stored.createdAt.toISOString(),
        title: stored.title,
        description: stored.description,
        request: { ...stored.request },
        response: { ...stored.response },
        confidence_score: stored.confidenceScore,
        model: { name: stored.modelName, version: stored.modelVersion },
        writer: stored.writer,
        request_id: stored.requestId,
      };
      return c.json({ status: 'success' as const, prediction }, 200);
    })
    .openapi(eraseRoute, async function erasePrediction(c) {
      await store.erase(c.req.valid('param').id);
      return c.body(null, 204);
    });
}
