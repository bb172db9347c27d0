/**
 * Feedback on what was served: stored once, counted, marked by the dataset version that takes it in, erased
 * with its prediction.
 */
import { sql } from 'kysely';
import { AppError } from '../core/errors.ts';
import type { Db, DbTransaction, FeedbackOutcome } from '../db/index.ts';
import type { TextPlace } from './text-id.ts';

export interface Feedback {
  predictionId: string;
  /** Default: the ad copy that was returned. */
  text?: Omit<TextPlace, 'predictionId'> | undefined;
  /** '' for the one feedback that a text takes without a key. */
  idempotencyKey: string;
  /** null for a rating alone. */
  outcome: FeedbackOutcome | null;
  /** Given when, and only when, the outcome is `edited`. */
  editedText: string | null;
  clicks: number | null;
  impressions: number | null;
  rating: number | null;
}

/**
 * Stores the feedback once per text and idempotency key.
 * @returns `isNew` false when the same was stored before
 * @throws AppError `not-found` for a prediction that is not stored, `invalid-input` for a text that it does
 *   not have, `conflict` when other feedback came under that key before
 */
export async function recordFeedback(
  db: Db,
  feedback: Feedback,
): Promise<{ feedbackId: number; isNew: boolean }> {
  const values = {
    outcome: feedback.outcome,
    edited_text: feedback.editedText,
    clicks: feedback.clicks,
    impressions: feedback.impressions,
    rating: feedback.rating,
  };
  const prediction = await db
    .selectFrom('predictions')
    .select(
      sql<boolean>`${feedback.text === undefined} OR response #> ARRAY['alternatives', ${feedback.text?.field ?? ''},
        ${String(feedback.text?.place ?? 0)}] IS NOT NULL`.as('hasText'),
    )
    .where('id', '=', feedback.predictionId)
    .executeTakeFirst();
  if (prediction === undefined) {
    throw new AppError('not-found', describeMissingPrediction(feedback.predictionId), {
      details: { field: 'prediction_id' },
    });
  }
  if (!prediction.hasText) throw noSuchText(feedback);
  const about = {
    prediction_id: feedback.predictionId,
    field: feedback.text?.field ?? 'ad_copy',
    place: feedback.text?.place ?? 0,
    idempotency_key: feedback.idempotencyKey,
  };
  const inserted = await db
    .insertInto('feedback')
    .values({ ...about, ...values })
    .onConflict((conflict) =>
      conflict
        .columns(['prediction_id', 'field', 'place', 'idempotency_key'])
        .where('day', 'is', null)
        .doNothing(),
    )
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return { feedbackId: inserted.id, isNew: true };
  const stored = await db
    .selectFrom('feedback')
    .select(['id', 'outcome', 'edited_text', 'clicks', 'impressions', 'rating'])
    .where((where) => where.and(about))
    .where('day', 'is', null)
    .executeTakeFirstOrThrow();
  const { id, ...before } = stored;
  if (Object.entries(values).some(([name, value]) => before[name as keyof typeof values] !== value)) {
    throw new AppError(
      'conflict',
      `prediction ${feedback.predictionId} has other feedback under the idempotency key "${feedback.idempotencyKey}" (${before.outcome ?? 'a rating'}): send a new key to add to it`,
      { details: { field: 'idempotency_key', feedbackId: id } },
    );
  }
  return { feedbackId: id, isNew: false };
}

function noSuchText({ predictionId, text }: Feedback): AppError {
  return new AppError(
    'invalid-input',
    `prediction ${predictionId} has no text ${text?.place} of the field ${text?.field}: its text_ids and alternatives name those that it has`,
    { details: { field: 'text_id' } },
  );
}

/** What is stored, newest first. */
export async function listFeedback(
  db: Db,
  page: {
    limit: number;
    before?: number | undefined;
    predictionId?: string | undefined;
    outcome?: FeedbackOutcome | undefined;
  },
) {
  const { limit, before, predictionId, outcome } = page;
  let chosen = db
    .selectFrom('feedback')
    .select(['id', 'prediction_id', 'field', 'place', 'outcome', 'edited_text', 'impressions', 'clicks'])
    .select(['conversions', 'revenue', 'currency', 'rating', 'source', 'created_at', 'dataset_version'])
    .select(sql<string | null>`to_char(day, 'YYYY-MM-DD')`.as('day'));
  if (before !== undefined) chosen = chosen.where('id', '<', before);
  if (predictionId !== undefined) chosen = chosen.where('prediction_id', '=', predictionId);
  if (outcome !== undefined) chosen = chosen.where('outcome', '=', outcome);
  return await chosen.orderBy('id', 'desc').limit(limit).execute();
}

/**
 * The newest feedback that no dataset version has taken in, and when the last of it came.
 * @param atMost so many are counted, and no more
 */
export async function countUntakenFeedback(
  db: Db,
  atMost: number,
): Promise<{ count: number; lastAt: Date | null }> {
  const newest = db
    .selectFrom('feedback')
    .where('dataset_version', 'is', null)
    .select('created_at')
    .orderBy('id', 'desc')
    .limit(atMost);
  return await db
    .selectFrom(newest.as('newest'))
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.max('created_at').as('lastAt')])
    .executeTakeFirstOrThrow();
}

/**
 * Deletes the feedback of a prediction and remembers that it was erased, so that no later dataset version
 * takes it over from its parent.
 */
export async function eraseFeedback(transaction: DbTransaction, predictionId: string): Promise<void> {
  const erased = await transaction
    .deleteFrom('feedback')
    .where('prediction_id', '=', predictionId)
    .returning('id as feedback_id')
    .execute();
  if (erased.length === 0) return;
  await transaction
    .insertInto('erased_feedback')
    .values(erased)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/**
 * Marks feedback as taken into a dataset version: call it in the transaction that commits the version. Never
 * moves one that was taken before.
 */
export async function markFeedbackTaken(
  transaction: DbTransaction,
  feedbackIds: readonly number[],
  datasetVersion: number,
): Promise<void> {
  if (feedbackIds.length === 0) return;
  await transaction
    .updateTable('feedback')
    .set({ dataset_version: datasetVersion })
    .where(sql<boolean>`id = ANY(${[...new Set(feedbackIds)]})`)
    .where('dataset_version', 'is', null)
    .execute();
}

/** Why there may be no prediction of an id that was answered. */
export function describeMissingPrediction(id: string): string {
  return `there is no prediction ${id}: it was not sampled, was erased, is past its retention or was lost when its server was killed within about a second of the answer`;
}
