/**
 * The labelled rows that feedback becomes. A row is the product's title with a text about it:
 *
 *   accepted   the text that was offered, by its results
 *   edited     what the person wrote, by its results; and what it replaced, which is bad
 *   rejected   the text that was offered, which is bad: it never went out
 *
 * Results of a text that went out, the first that there is: a rating is good from the label threshold on, as
 * in a source; clicks are bad when the 95 % interval of clicks per impression lies wholly below the rate of
 * all feedback; without results, what people accepted or wrote is good.
 */
import { sql } from 'kysely';
import { copyRecord } from '../core/classifier-text.ts';
import { assertNever } from '../core/errors.ts';
import type { Db, FeedbackOutcome } from '../db/index.ts';
import type { Label, LabelledRecord } from './record.ts';

export interface FeedbackRow extends LabelledRecord {
  /** How often the row counts beside one of the source. */
  weight: number;
  /** Of feedback that no dataset version has taken in. */
  feedbackId?: number;
}

export interface FeedbackRowOptions {
  /** Of every row (`feedback.weight` of the configuration). */
  weight: number;
  /** Ratings from here on are good (`data.label.threshold`). */
  ratingThreshold: number;
  /** Also what versions up to this one took; otherwise only what none has. */
  takenUpTo?: number;
}

const PAGE_ROWS = 1000;

/** Rows in the order in which feedback came, read a thousand at a time. */
export async function* readFeedbackRows(db: Db, options: FeedbackRowOptions): AsyncGenerator<FeedbackRow> {
  const { weight, ratingThreshold, takenUpTo = 0 } = options;
  const clickRate = await readClickRate(db);
  let after = 0;
  for (;;) {
    const page = await readPage(db, after, takenUpTo);
    for (const row of page) {
      const toRow = (name: string, description: string, label: Label): FeedbackRow => ({
        id: `feedback-${row.id}-${name}`,
        ...copyRecord({ title: row.title, text: description }),
        category: row.category,
        price: null,
        rating: row.rating,
        timestamp: row.createdAt.toISOString(),
        label,
        weight,
        ...(row.takenBy === null && { feedbackId: row.id }),
      });
      const result = labelByResult(row, ratingThreshold, clickRate);
      switch (row.outcome) {
        case null:
        case 'accepted':
          yield toRow('offered', row.copyText, result);
          break;
        case 'rejected':
          yield toRow('offered', row.copyText, 0);
          break;
        case 'edited':
          yield { ...toRow('offered', row.copyText, 0), rating: null };
          yield toRow('edited', row.editedText ?? '', result);
          break;
        default:
          assertNever(row.outcome);
      }
    }
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE_ROWS) return;
  }
}

/** Number of the feedback that a row of a dataset version came from; undefined for any other row. */
export function feedbackIdOfRow(rowId: string): number | undefined {
  const id = /^feedback-(\d+)-(?:offered|edited)$/.exec(rowId)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** Feedback that was erased by request. */
export async function readErasedFeedback(db: Db): Promise<ReadonlySet<number>> {
  const rows = await db.selectFrom('erased_feedback').select('feedback_id').execute();
  return new Set(rows.map((row) => row.feedback_id));
}

interface StoredFeedback {
  id: number;
  outcome: FeedbackOutcome | null;
  editedText: string | null;
  clicks: number | null;
  impressions: number | null;
  rating: number | null;
  createdAt: Date;
  takenBy: number | null;
  title: string;
  copyText: string;
  category: string;
}

async function readPage(db: Db, after: number, takenUpTo: number): Promise<StoredFeedback[]> {
  return await db
    .selectFrom('feedback')
    .innerJoin('predictions', 'predictions.id', 'feedback.prediction_id')
    .where((where) =>
      where.or([
        where('feedback.dataset_version', 'is', null),
        where('feedback.dataset_version', '<=', takenUpTo),
      ]),
    )
    .where('feedback.id', '>', after)
    .where('feedback.day', 'is', null)
    .select([
      'feedback.id',
      'feedback.outcome',
      'feedback.edited_text as editedText',
      'feedback.clicks',
      'feedback.impressions',
      'feedback.rating',
      'feedback.created_at as createdAt',
      'feedback.dataset_version as takenBy',
      'predictions.title',
      // What was stored before texts had places is about the ad copy that was returned, whatever else is stored of the answer.
      sql<string>`coalesce(predictions.response #>> ARRAY['alternatives', feedback.field, feedback.place::text, 'text'],
        predictions.copy_text)`.as('copyText'),
      sql<string>`coalesce(predictions.request ->> 'category', '')`.as('category'),
    ])
    .orderBy('feedback.id')
    .limit(PAGE_ROWS)
    .execute();
}

/** Clicks per impression over all feedback; null where none tells. */
async function readClickRate(db: Db): Promise<number | null> {
  const { clicks, impressions } = await db
    .selectFrom('feedback')
    .where('clicks', 'is not', null)
    .where('impressions', '>', 0)
    .select(({ fn }) => [
      fn.sum<string>('clicks').as('clicks'),
      fn.sum<string>('impressions').as('impressions'),
    ])
    .executeTakeFirstOrThrow();
  return impressions === null ? null : Number(clicks) / Number(impressions);
}

/** Exported for its test. */
export function labelByResult(
  { rating, clicks, impressions }: Pick<StoredFeedback, 'rating' | 'clicks' | 'impressions'>,
  ratingThreshold: number,
  clickRate: number | null,
): Label {
  if (rating !== null) return rating >= ratingThreshold ? 1 : 0;
  if (clicks === null || impressions === null || impressions === 0 || clickRate === null) return 1;
  return wilsonUpper(Math.min(clicks, impressions), impressions) < clickRate ? 0 : 1;
}

/** Upper end of Wilson's 95 % interval of a rate. */
function wilsonUpper(hits: number, trials: number): number {
  const z = 1.96;
  const share = hits / trials;
  const centre = share + (z * z) / (2 * trials);
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials));
  return (centre + spread) / (1 + (z * z) / trials);
}
