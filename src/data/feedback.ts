/**
 * Feedback on what was served, and the labelled rows that it becomes.
 *
 * A row is the product's title with the copy that was offered: good when it was accepted, bad when it was rejected. An edited one gives two
 * rows: what the person wrote is good, what it replaced is bad. Every feedback is taken into one dataset version, and once.
 */
import { sql } from 'kysely';
import { AppError } from '../core/errors.ts';
import type { Db, DbTransaction, FeedbackOutcome } from '../db/index.ts';
import type { LabelledRecord } from './record.ts';

export interface Feedback {
  predictionId: string;
  /** '' for the one feedback that a prediction takes without a key. */
  idempotencyKey: string;
  outcome: FeedbackOutcome;
  /** Given when, and only when, the outcome is `edited`. */
  editedText: string | null;
  clicks: number | null;
  impressions: number | null;
  rating: number | null;
}

export interface FeedbackRow extends LabelledRecord {
  feedbackId: number;
  /** How often the row counts beside one of the source. */
  weight: number;
}

/**
 * Stores the feedback once per prediction and idempotency key.
 * @returns `isNew` false when the same was stored before
 * @throws AppError `not-found` for a prediction that is not stored, `conflict` when other feedback came under that key before
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
    .select('id')
    .where('id', '=', feedback.predictionId)
    .executeTakeFirst();
  if (prediction === undefined) {
    throw new AppError(
      'not-found',
      `there is no prediction ${feedback.predictionId}: it was not sampled, was erased or is past its retention`,
      { details: { field: 'prediction_id' } },
    );
  }
  const inserted = await db
    .insertInto('feedback')
    .values({ prediction_id: feedback.predictionId, idempotency_key: feedback.idempotencyKey, ...values })
    .onConflict((conflict) => conflict.columns(['prediction_id', 'idempotency_key']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted !== undefined) return { feedbackId: inserted.id, isNew: true };
  const stored = await db
    .selectFrom('feedback')
    .select(['id', 'outcome', 'edited_text', 'clicks', 'impressions', 'rating'])
    .where('prediction_id', '=', feedback.predictionId)
    .where('idempotency_key', '=', feedback.idempotencyKey)
    .executeTakeFirstOrThrow();
  const { id, ...before } = stored;
  if (Object.entries(values).some(([name, value]) => before[name as keyof typeof values] !== value)) {
    throw new AppError(
      'conflict',
      `prediction ${feedback.predictionId} has other feedback under the idempotency key "${feedback.idempotencyKey}" (${before.outcome}): send a new key to add to it`,
      { details: { field: 'idempotency_key', feedbackId: id } },
    );
  }
  return { feedbackId: id, isNew: false };
}

/** Feedback that no dataset version has taken in, and when the last of it came. */
export async function countUntakenFeedback(db: Db): Promise<{ count: number; lastAt: Date | null }> {
  return await db
    .selectFrom('feedback')
    .where('dataset_version', 'is', null)
    .select(({ fn }) => [fn.countAll<number>().as('count'), fn.max('created_at').as('lastAt')])
    .executeTakeFirstOrThrow();
}

/**
 * Labelled rows of the feedback that no dataset version has taken in, or, with `takenUpTo`, also of what versions up to that
 * one took: in the order in which it came.
 *
 * @param weight of every row (`feedback.weight` of the configuration)
 */
export async function readFeedbackRows(
  db: Db | DbTransaction,
  { weight, takenUpTo = 0 }: { weight: number; takenUpTo?: number },
): Promise<FeedbackRow[]> {
  const rows = await db
    .selectFrom('feedback')
    .innerJoin('predictions', 'predictions.id', 'feedback.prediction_id')
    .where((where) =>
      where.or([
        where('feedback.dataset_version', 'is', null),
        where('feedback.dataset_version', '<=', takenUpTo),
      ]),
    )
    .select([
      'feedback.id as feedbackId',
      'feedback.outcome',
      'feedback.edited_text as editedText',
      'feedback.rating',
      'feedback.created_at as createdAt',
      'predictions.title',
      'predictions.copy_text as copyText',
      sql<string>`coalesce(predictions.request ->> 'category', '')`.as('category'),
    ])
    .orderBy('feedback.id')
    .execute();
  return rows.flatMap((row) => {
    const toRow = (name: string, description: string, label: 0 | 1): FeedbackRow => ({
      id: `feedback-${row.feedbackId}-${name}`,
      title: row.title,
      category: row.category,
      description,
      price: null,
      rating: row.rating,
      timestamp: row.createdAt.toISOString(),
      label,
      feedbackId: row.feedbackId,
      weight,
    });
    const offered = toRow('offered', row.copyText, row.outcome === 'accepted' ? 1 : 0);
    return row.editedText === null ? [offered] : [offered, toRow('edited', row.editedText, 1)];
  });
}

/** Marks feedback as taken into a dataset version: call it in the transaction that commits the version. Never moves one that was taken before. */
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
