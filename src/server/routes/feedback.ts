/** `POST /feedback` and `POST /feedback/batch`: what became of texts, each told once. */
import { z } from '@hono/zod-openapi';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { plainText } from '../../core/plain-text.ts';
import {
  countField,
  currencyField,
  findRevenueFault,
  importFeedback,
  isFuture,
  listFeedback,
  parseTextId,
  readDay,
  recordCounts,
  recordFeedback,
  renderTextId,
  revenueField,
  sourceField,
  type TextPlace,
} from '../../data/index.ts';
import { FEEDBACK_OUTCOMES, STORED_OUTCOMES, type Db } from '../../db/index.ts';
import { storeToldCreatives } from '../../queues/index.ts';
import { createHangUpSignal, createRoutes, jsonAnswer, pageKeys, route, type Router } from '../http/index.ts';
import type { Metrics } from '../metrics.ts';
import type { PredictionStore } from '../predictions/index.ts';
import { predictionId } from './predictions.ts';
import { readUpload, UPLOAD_BODY } from './upload.ts';

export const FEEDBACK_BATCH_PATH = '/feedback/batch';
const MAX_KEY_CHARS = 200;
const DEFAULT_SOURCE = 'api';

function createFeedbackSchema(maxTextChars: number) {
  return z
    .strictObject({
      text_id: z
        .string()
        .max(MAX_KEY_CHARS)
        .optional()
        .openapi({ description: "One of the answer's text ids; without one it is about the ad copy" }),
      prediction_id: predictionId.optional(),
      outcome: z.enum(FEEDBACK_OUTCOMES).optional(),
      edited_text: plainText(maxTextChars)
        .refine((text) => text.trim() !== '', {
          message: 'is blank: send what the person wrote, or the outcome rejected',
        })
        .optional(),
      clicks: countField.optional(),
      impressions: countField.optional(),
      conversions: countField.optional(),
      revenue: revenueField.optional(),
      currency: currencyField.optional(),
      day: z.string().optional().openapi({
        description:
          'Of the counts, YYYY-MM-DD in UTC; sent again they replace the earlier ones. Default: today',
      }),
      source: sourceField
        .optional()
        .openapi({ description: 'Who counted. Two sources of one day are added up. Default: api' }),
      restated: z
        .boolean()
        .optional()
        .openapi({ description: 'Whether counts may be less than what was told before' }),
      rating: z.number().min(-1e9).max(1e9).optional(),
      idempotency_key: plainText(MAX_KEY_CHARS).optional(),
    })
    .refine((body) => (body.outcome === 'edited') === (body.edited_text !== undefined), {
      path: ['edited_text'],
      message: 'is given when, and only when, the outcome is edited',
    })
    .superRefine((body, { addIssue }) => {
      const fault = findFault(body);
      if (fault !== undefined) addIssue({ code: 'custom', path: [fault.field], message: fault.reason });
    });
}
type FeedbackBody = z.infer<ReturnType<typeof createFeedbackSchema>>;

const toldSchema = z
  .object({
    id: z.int(),
    text_id: z.string(),
    prediction_id: z.string(),
    outcome: z.enum(STORED_OUTCOMES).nullable(),
    edited_text: z.string().nullable(),
    impressions: z.int().nullable(),
    clicks: z.int().nullable(),
    conversions: z.int().nullable(),
    revenue: z.number().nullable(),
    currency: z.string().nullable(),
    rating: z.number().nullable(),
    source: z.string().nullable(),
    day: z.iso.date().nullable().openapi({ description: 'Of counts; null for what a person said' }),
    created_at: z.iso.datetime(),
    dataset_version: z.int().nullable().openapi({ description: 'That took it in; null while none has' }),
  })
  .openapi('Feedback');

const refusedRow = z.object({ line: z.int(), field: z.string(), value: z.string(), reason: z.string() });

/** What the fields say together; each for itself was checked before. */
function findFault(
  body: {
    [K in 'text_id' | 'prediction_id' | 'outcome' | 'currency' | 'day' | 'source']?: string | undefined;
  } & { [K in 'clicks' | 'impressions' | 'conversions' | 'revenue' | 'rating']?: number | undefined },
): { field: string; reason: string } | undefined {
  const { text_id, prediction_id, outcome, clicks, impressions, conversions, revenue, rating } = body;
  if (text_id === undefined && prediction_id === undefined)
    return { field: 'prediction_id', reason: 'is missing: send it, or a text_id' };
  if (text_id !== undefined && prediction_id !== undefined && !text_id.startsWith(`${prediction_id}.`))
    return { field: 'text_id', reason: `is of another prediction than ${prediction_id}` };
  for (const [field, count] of Object.entries({ clicks, conversions, revenue }))
    if (count !== undefined && impressions === undefined)
      return { field, reason: `is ${count} without impressions: send impressions too` };
  // Clicks tell something only beside the impressions that they came from.
  if (clicks !== undefined && impressions !== undefined && clicks > impressions)
    return {
      field: 'clicks',
      reason: `is ${clicks}, more than the ${impressions} impressions: send the impressions that the clicks came from`,
    };
  if (outcome === undefined && impressions === undefined && rating === undefined)
    return { field: 'outcome', reason: 'is missing: send it, impressions or a rating' };
  for (const field of ['day', 'source'] as const)
    if (body[field] !== undefined && impressions === undefined)
      return { field, reason: 'is of counts: send impressions too' };
  const revenueFault = findRevenueFault(revenue, body.currency)?.fault;
  return revenueFault === undefined ? undefined : { field: revenueFault.field, reason: revenueFault.reason };
}

/**
 * Clicks beside an outcome are told once with it, as before counts had days; all other counts are of a day.
 */
function isOfDay({
  outcome,
  impressions,
  day,
  source,
  conversions,
  revenue,
  restated,
}: FeedbackBody): boolean {
  if (impressions === undefined) return false;
  return (
    outcome === undefined ||
    [day, source, conversions, revenue, restated].some((given) => given !== undefined)
  );
}

export function createFeedbackRoutes(deps: {
  db: Db;
  predictions: PredictionStore;
  artifacts: ArtifactStore;
  metrics: Metrics;
  maxTextChars: number;
  maxUploadBytes: number;
  /** Called after feedback was stored; must not throw. */
  onFeedback: () => void;
  clock: Clock;
}): Router {
  const { db, predictions, metrics, onFeedback, clock } = deps;
  /** Feedback refers to the rows of its predictions: some still wait in memory, or lie in files of a job. */
  const prepare = async (predictionIds: readonly string[]): Promise<void> => {
    await predictions.flush();
    await storeToldCreatives(deps, predictionIds);
  };

  const storeCounts = async (body: FeedbackBody, text: TextPlace) => {
    const today = clock.now().toISOString().slice(0, 10);
    const [stored] = await recordCounts(db, [
      {
        ...text,
        source: body.source ?? DEFAULT_SOURCE,
        day: body.day === undefined ? today : requireDay(body.day, clock.now()),
        impressions: body.impressions ?? 0,
        clicks: body.clicks ?? null,
        conversions: body.conversions ?? null,
        revenue: body.revenue ?? null,
        currency: body.currency ?? null,
        isRestated: body.restated ?? false,
      },
    ]);
    if (stored === undefined) throw new AppError('internal', 'counts were stored without a result');
    if (stored.kind !== 'refused')
      return { feedbackId: stored.feedbackId, isNew: stored.kind !== 'unchanged' };
    const { field, reason } = stored.fault;
    throw new AppError(field === 'text_id' ? 'not-found' : 'conflict', `${field} ${reason}`, {
      details: { field },
    });
  };

  return createRoutes('feedback', [
    route('GET /feedback', {
      summary: 'What was told of texts, newest first',
      query: z.strictObject({
        prediction_id: predictionId.optional(),
        outcome: z.enum(STORED_OUTCOMES).optional(),
        ...pageKeys('id of the last feedback of the page before'),
      }),
      answer: jsonAnswer('a page of the feedback', { feedback: z.array(toldSchema) }),
      handle: async ({ query: { prediction_id, ...page } }) => {
        const stored = await listFeedback(db, { ...page, predictionId: prediction_id });
        const feedback = stored.map(({ field, place, created_at, ...rest }) => ({
          ...rest,
          text_id: renderTextId({ predictionId: rest.prediction_id, field, place }),
          created_at: created_at.toISOString(),
        }));
        return { feedback };
      },
    }),
    route('POST /feedback', {
      summary: 'What became of a text; it is learned from in the next dataset version',
      headers: z.object({ 'idempotency-key': z.string().max(MAX_KEY_CHARS).optional() }),
      body: createFeedbackSchema(deps.maxTextChars).openapi('FeedbackRequest'),
      answer: jsonAnswer('stored now, or before under the same key', {
        feedback_id: z.int(),
        is_new: z.boolean(),
      }),
      refusals: {
        400: 'a field that cannot be used',
        404: 'no such prediction',
        409: 'other feedback was stored under this key, or counts that are less than before',
      },
      handle: async ({ headers, body }) => {
        const headerKey = headers['idempotency-key'];
        const text = body.text_id === undefined ? undefined : parseTextId(body.text_id);
        const ofDay = isOfDay(body);
        const predictionId = text?.predictionId ?? body.prediction_id ?? '';
        await prepare([predictionId]);
        let told: { feedbackId: number; isNew: boolean } | undefined;
        if (ofDay) told = await storeCounts(body, text ?? { predictionId, field: 'ad_copy', place: 0 });
        if (body.outcome !== undefined || body.rating !== undefined || told === undefined) {
          const verdict = await recordFeedback(db, {
            predictionId,
            text,
            idempotencyKey: body.idempotency_key ?? headerKey ?? '',
            outcome: body.outcome ?? null,
            editedText: body.edited_text ?? null,
            clicks: ofDay ? null : (body.clicks ?? null),
            impressions: ofDay ? null : (body.impressions ?? null),
            rating: body.rating ?? null,
          });
          told = { ...verdict, isNew: verdict.isNew || (told?.isNew ?? false) };
        }
        const { feedbackId, isNew } = told;
        if (isNew) {
          metrics.feedback(body.outcome ?? (ofDay ? 'counted' : 'rated'));
          onFeedback();
        }
        return { feedback_id: feedbackId, is_new: isNew };
      },
    }),
    route(`POST ${FEEDBACK_BATCH_PATH}`, {
      summary: 'A report of what became of texts: CSV, TSV or JSONL, one row a text, source and day',
      query: z.strictObject({
        source: sourceField
          .optional()
          .openapi({ description: 'Of rows that name none: who counted. Default: report' }),
        restated: z
          .enum(['true', 'false'])
          .optional()
          .openapi({ description: 'Whether rows may be less than what was told before' }),
      }),
      rawBody: UPLOAD_BODY,
      answer: jsonAnswer('what became of the rows; send the same report again after a failure', {
        rows: z.int(),
        new: z.int(),
        replaced: z.int(),
        unchanged: z.int(),
        refused: z.int(),
        refused_rows: z.array(refusedRow).openapi({ description: 'The first thousand' }),
      }),
      refusals: {
        400: 'no rows, or an option that cannot be used',
        413: 'larger than jobs.maxUploadBytes',
        422: 'a file that cannot be read, or without a column text_id, utm_content or prediction_id',
      },
      handle: async ({ query: { source, restated }, c }) => {
        const { body, format, name } = readUpload(c, deps.maxUploadBytes);
        const {
          refusedRows,
          reasons: _,
          ...counts
        } = await importFeedback(
          db,
          { kind: 'bytes', body, name, format: format ?? undefined },
          {
            source: source ?? 'report',
            isRestated: restated === 'true',
            now: clock.now(),
            signal: createHangUpSignal(c),
            prepare,
          },
        );
        if (counts.new + counts.replaced > 0) onFeedback();
        return { ...counts, refused_rows: refusedRows };
      },
    }),
  ]);
}

function requireDay(text: string, now: Date): string {
  const day = readDay(text);
  const fault =
    day === undefined
      ? 'must be a day, as in 2026-11-30'
      : isFuture(day, now)
        ? 'is in the future (UTC)'
        : undefined;
  if (day !== undefined && fault === undefined) return day;
  throw new AppError('invalid-input', `day ${JSON.stringify(text.slice(0, 40))} ${fault}`, {
    details: { field: 'day' },
  });
}
