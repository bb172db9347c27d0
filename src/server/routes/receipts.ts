/** Receipts: where a prediction, or a model version, came from. */
import { z } from '@hono/zod-openapi';
import { createRoutes, jsonAnswer, route, type Router } from '../http/index.ts';
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

export function createReceiptRoutes(deps: ReceiptDeps & { predictions: PredictionStore }): Router {
  return createRoutes('feedback', [
    route('GET /predictions/{id}/receipt', {
      summary:
        'From a prediction back to its model version, tracking run, dataset, gate report and pipeline run',
      params: z.object({ id: predictionId }),
      answer,
      refusals: { 404: 'nothing is known of such a prediction' },
      handle: async ({ params }) => {
        // What was answered a moment ago may still be on its way to the database.
        await deps.predictions.flush();
        const receipt = await readPredictionReceipt(params.id, deps);
        return { receipt };
      },
    }),
    route('GET /models/{name}/versions/{version}/receipt', {
      summary: 'The same chain from a model version',
      tag: 'models',
      params: z.object({ name: modelName, version: versionNumber }),
      answer,
      refusals: { 404: 'no such version' },
      handle: async ({ params }) => {
        const receipt = await readVersionReceipt(params, deps);
        return { receipt };
      },
    }),
  ]);
}
