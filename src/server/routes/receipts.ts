/** Receipts: where a prediction, or a model version, came from. */
import { z } from '@hono/zod-openapi';
import { createRouter, defineRoute, errorResponse, jsonAnswer, type Router } from '../http/index.ts';
import type { PredictionStore } from '../predictions/index.ts';
import {
  readPredictionReceipt,
  readVersionReceipt,
  receiptSchema,
  type ReceiptDeps,
} from '../receipts/index.ts';
import { modelName, versionNumber } from './models.ts';
import { predictionId } from './predictions.ts';

const answer = jsonAnswer('the chain, every link there or missing with its cause', {
  receipt: receiptSchema.meta({ id: 'Receipt' }),
});

const predictionRoute = defineRoute({
  method: 'get',
  path: '/predictions/{id}/receipt',
  tags: ['feedback'],
  summary: 'From a prediction back to its model version, tracking run, dataset, gate report and pipeline run',
  request: {
    params: z.object({ id: predictionId }),
  },
  responses: { 200: answer, 404: errorResponse('nothing is known of such a prediction') },
});

const versionRoute = defineRoute({
  method: 'get',
  path: '/models/{name}/versions/{version}/receipt',
  tags: ['models'],
  summary: 'The same chain from a model version',
  request: { params: z.object({ name: modelName, version: versionNumber }) },
  responses: { 200: answer, 404: errorResponse('no such version') },
});

export function createReceiptRoutes(deps: ReceiptDeps & { predictions: PredictionStore }): Router {
  return createRouter()
    .openapi(predictionRoute, async function showReceipt(c) {
      // What was answered a moment ago may still be on its way to the database.
      await deps.predictions.flush();
      const receipt = await readPredictionReceipt(c.req.valid('param').id, deps);
      return c.json({ status: 'success' as const, receipt }, 200);
    })
    .openapi(versionRoute, async function showVersionReceipt(c) {
      const receipt = await readVersionReceipt(c.req.valid('param'), deps);
      return c.json({ status: 'success' as const, receipt }, 200);
    });
}
