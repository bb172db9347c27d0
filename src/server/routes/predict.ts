/** `POST /predict` and `POST /batch_predict`: copy for a product, or for many. */
import { setMaxListeners } from 'node:events';
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { createFairLane, type FairLane } from '../../serving/index.ts';
import {
  createHangUpSignal,
  createRoutes,
  jsonAnswer,
  parseTimeoutHeader,
  route,
  setHeader,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import {
  createRequestSchemas,
  creativeSchema,
  predictionExtrasSchema,
  type PhaseTimes,
  type PredictContext,
  type Prediction,
  type Predictor,
} from '../predictions/index.ts';

const refusals = {
  400: 'a field that cannot be used: error.field and error.limit',
  404: 'no version of this number',
  413: 'the body or the batch is too large',
  422: 'a version whose files cannot be used',
  429: 'the queue is full: Retry-After says when to come again',
  501: 'a version of an architecture that is not supported',
  503: 'there is no champion yet',
  504: 'not answered within X-Request-Timeout-Ms',
};

/**
 * Products of a batch that are worked on at once: enough texts in line for full batches, few enough to bound
 * memory.
 */
const TEXTS_IN_LINE = 512;

export function createPredictRoutes(deps: {
  predictor: Predictor;
  config: Pick<Config, 'server' | 'serving' | 'copy'>;
  channelNames: readonly string[];
}): Router {
  const { predictor, config } = deps;
  const { requestTimeoutMs, batchTimeoutMs } = config.serving;
  const { product, batch } = createRequestSchemas(config, deps.channelNames);

  return createRoutes('predict', [
    route('POST /predict', {
      summary: 'Copy for one product, the best of several texts by the champion',
      body: product,
      answer: jsonAnswer('the creative', {
        data: creativeSchema,
        ...predictionExtrasSchema.shape,
        request_id: z.string(),
      }),
      refusals,
      handle: async ({ body, c }) => {
        const prediction = await predictor.predict(
          body,
          contextOf(c, createHangUpSignal(c), requestTimeoutMs),
        );
        setHeader(c, 'Server-Timing', renderTiming(prediction.timing));
        return c.body(renderAnswer(prediction, c.get('requestId')), 200, JSON_TYPE);
      },
    }),
    route('POST /batch_predict', {
      summary: 'Copy for many products; answers in their order',
      body: batch,
      answer: jsonAnswer('the creatives', {
        count: z.int(),
        data: z.array(
          creativeSchema.extend(predictionExtrasSchema.shape).extend({
            id: z.union([z.string(), z.number()]).optional(),
          }),
        ),
        request_id: z.string(),
      }),
      refusals,
      handle: async ({ body: { items, ...options }, c }) => {
        // One failure ends the whole batch: the others are given up rather than computed for nobody.
        const giveUp = new AbortController();
        const signal = AbortSignal.any([createHangUpSignal(c), giveUp.signal]);
        // One listener for each item in line.
        setMaxListeners(0, signal);
        const context = contextOf(c, signal, batchTimeoutMs, createFairLane());
        const deadlineMs = performance.now() + context.timeoutMs;
        const textsPerItem = 2 * (items[0]?.count ?? options.count ?? config.copy.candidates);
        const width = Math.max(4, Math.floor(TEXTS_IN_LINE / textsPerItem));
        try {
          const predictions = await mapBounded(items, width, async (item, index) => {
            const timeoutMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
            try {
              return await predictor.predict({ ...options, ...item }, { ...context, timeoutMs });
            } catch (thrown) {
              throw ofItem(thrown, index);
            }
          });
          const data = predictions.map((prediction, index) => renderItem(prediction, items[index]?.id));
          return { count: data.length, data, request_id: c.get('requestId') };
        } catch (thrown) {
          giveUp.abort();
          throw thrown;
        }
      },
    }),
  ]);
}

/** What was refused about one item, with its number. */
function ofItem(thrown: unknown, index: number): unknown {
  if (!(thrown instanceof AppError) || thrown.traits.httpStatus >= 429) return thrown;
  const { field } = thrown.details;
  const where = ['items', index, ...(typeof field === 'string' ? [field] : [])].join('.');
  return new AppError(thrown.code, `items.${index}: ${thrown.message}`, {
    details: { ...thrown.details, field: where },
    cause: thrown,
  });
}

function contextOf(
  c: Context<AppEnv>,
  signal: AbortSignal,
  maxTimeoutMs: number,
  lane?: FairLane,
): PredictContext {
  return {
    requestId: c.get('requestId'),
    stickyKey: c.req.header('x-sticky-key'),
    timeoutMs: parseTimeoutHeader(c.req.header('x-request-timeout-ms'), maxTimeoutMs),
    signal,
    ...(lane && { lane }),
  };
}

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** `{status, data, ...extras, request_id}`. */
function renderAnswer({ json }: Prediction, requestId: string): string {
  return `{"status":"success",${json.slice(1, -1)},"request_id":${JSON.stringify(requestId)}}`;
}

function renderItem({ data, extras }: Prediction, id: string | number | undefined) {
  return { ...data, ...extras, ...(id !== undefined && { id }) };
}

function renderTiming({ tokenizeMs, waitMs, computeMs, writeMs }: PhaseTimes): string {
  return `tokenize;dur=${tokenizeMs.toFixed(2)}, wait;dur=${waitMs.toFixed(2)}, compute;dur=${computeMs.toFixed(2)}, write;dur=${writeMs.toFixed(2)}`;
}

/** Results in the order of `items`, at most `width` at work; the first rejection is the result. */
async function mapBounded<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const walk = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, walk));
  return results;
}
