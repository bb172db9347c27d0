/** `POST /feedback`: what became of a prediction, kept once. */
import { z } from '@hono/zod-openapi';
import { plainText } from '../../core/plain-text.ts';
import { recordFeedback } from '../../data/index.ts';
import { FEEDBACK_OUTCOMES, type Db } from '../../db/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  type Router,
} from '../http/index.ts';
import type { Metrics } from '../metrics.ts';
import type { PredictionStore } from '../predictions/index.ts';
import { predictionId } from './predictions.ts';

const MAX_COUNT = 2 ** 31 - 1;
const MAX_KEY_CHARS = 200;

const feedbackRoute = (maxTextChars: number) =>
  defineRoute({
    method: 'post',
    path: '/feedback',
    tags: ['feedback'],
    summary: 'What became of a prediction; it is learned from in the next dataset version',
    request: {
      headers: z.object({ 'idempotency-key': z.string().max(MAX_KEY_CHARS).optional() }),
      body: jsonBody(
        z
          .strictObject({
            prediction_id: predictionId,
            outcome: z.enum(FEEDBACK_OUTCOMES),
            edited_text: plainText(maxTextChars)
              .refine((text) => text.trim() !== '', {
                message: 'is blank: send what the person wrote, or the outcome rejected',
              })
              .optional(),
            clicks: z.int().min(0).max(MAX_COUNT).optional(),
            impressions: z.int().min(0).max(MAX_COUNT).optional(),
            rating: z.number().min(-1e9).max(1e9).optional(),
            idempotency_key: plainText(MAX_KEY_CHARS).optional(),
          })
          .refine((body) => (body.outcome === 'edited') === (body.edited_text !== undefined), {
            path: ['edited_text'],
            message: 'is given when, and only when, the outcome is edited',
          })
          .superRefine(({ clicks, impressions }, { addIssue }) => {
            const fault = findClickFault(clicks, impressions);
            if (fault !== undefined) addIssue({ code: 'custom', path: ['clicks'], message: fault });
          })
          .openapi('FeedbackRequest'),
      ),
    },
    responses: {
      200: jsonAnswer('stored now, or before under the same key', {
        feedback_id: z.int(),
        is_new: z.boolean(),
      }),
      400: errorResponse('a field that cannot be used'),
      404: errorResponse('no such prediction'),
      409: errorResponse('other feedback was stored under this key'),
    },
  });

/** Clicks tell something only beside the impressions that they came from. */
function findClickFault(clicks: number | undefined, impressions: number | undefined): string | undefined {
  if (clicks === undefined) return undefined;
  if (impressions === undefined) return `is ${clicks} without impressions: send impressions too`;
  if (clicks > impressions)
    return `is ${clicks}, more than the ${impressions} impressions: send the impressions that the clicks came from`;
  return undefined;
}

export function createFeedbackRoutes(deps: {
  db: Db;
  predictions: PredictionStore;
  metrics: Metrics;
  maxTextChars: number;
  /** Called after feedback was stored; must not throw. */
  onStored: () => void;
}): Router {
  const { db, predictions, metrics, onStored } = deps;
  return createRouter().openapi(feedbackRoute(deps.maxTextChars), async function takeFeedback(c) {
    const body = c.req.valid('json');
    const headerKey = c.req.valid('header')['idempotency-key'];
    // The prediction may still wait in memory; feedback refers to its row.
    await predictions.flush();
    const { feedbackId, isNew } = await recordFeedback(db, {
      predictionId: body.prediction_id,
      idempotencyKey: body.idempotency_key ?? headerKey ?? '',
      outcome: body.outcome,
      editedText: body.edited_text ?? null,
      clicks: body.clicks ?? null,
      impressions: body.impressions ?? null,
      rating: body.rating ?? null,
    });
    if (isNew) {
      metrics.feedback(body.outcome);
      onStored();
    }
    return c.json({ status: 'success' as const, feedback_id: feedbackId, is_new: isNew }, 200);
  });
}
