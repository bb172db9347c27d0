/**
 * The labelled rows that feedback becomes. A row is a text after the first words of its product's title and
 * the name of its field:
 *
 *   accepted   the text that was offered, by its results
 *   edited     what the person wrote, by its results; and what it replaced, which is bad
 *   rejected   the text that was offered, which is bad: it never went out
 *   better     the text that was offered, good by three to one; `worse` the other way round
 *   counted    the text that went out (what a person made of it, where it was edited), by its clicks
 *
 * A rating decides alone: good from the label threshold on, as in a source. Clicks are read against what the
 * texts of the field usually earn: the target is the probability that the text's rate is above that, and the
 * weight grows with the impressions. Where a person accepted the text, what the clicks leave open is good.
 */
import { sql } from 'kysely';
import { copyRecord } from '../core/classifier-text.ts';
import { assertNever } from '../core/errors.ts';
import type { Db, FeedbackOutcome } from '../db/index.ts';
import { learnFromCounts, type RatePrior } from '../learning/index.ts';
import type { Label, LabelledRecord } from './record.ts';
import { fitUsualRates, type UsualRates } from './usual-rates.ts';

export interface FeedbackRow extends LabelledRecord {
  /** Probability that the label is 1, where evidence leaves it open; null: the label is certain. */
  target: number | null;
  /** Which field of a creative the text is for. */
  field: string;
  /** How often the row counts beside one of the source; 0 where nothing can be told from it. */
  weight: number;
  /** The feedback behind it that no dataset version has taken in. */
  feedbackIds: readonly number[];
}

export interface FeedbackRowOptions {
  /** Of a row whose evidence leaves nothing open (`feedback.weight` of the configuration). */
  weight: number;
  /** Ratings from here on are good (`data.label.threshold`). */
  ratingThreshold: number;
  /** Also what versions up to this one took; otherwise only what none has. */
  takenUpTo?: number;
  /** Default: fitted to what is stored. */
  usualRates?: UsualRates;
}

const PAGE_ROWS = 1000;

/** What people said in the order in which they said it, then what was counted; read a thousand at a time. */
export async function* readFeedbackRows(db: Db, options: FeedbackRowOptions): AsyncGenerator<FeedbackRow> {
  const usualRates = options.usualRates ?? (await fitUsualRates(db));
  yield* readVerdicts(db, options, usualRates);
  yield* readCounted(db, options, usualRates);
}

async function* readVerdicts(
  db: Db,
  { weight, ratingThreshold, takenUpTo = 0 }: FeedbackRowOptions,
  usualRates: UsualRates,
): AsyncGenerator<FeedbackRow> {
  let after = 0;
  for (;;) {
    const page = await readPage(db, after, takenUpTo);
    for (const row of page)
      yield* rowsOfVerdict(row, { weight, ratingThreshold, usual: usualRates.get(row.field) });
    after = page.at(-1)?.id ?? after;
    if (page.length < PAGE_ROWS) return;
  }
}

/** One row, or two of an edit. */
export function rowsOfVerdict(
  told: ToldOfText,
  {
    weight,
    ratingThreshold,
    usual,
  }: { weight: number; ratingThreshold: number; usual: RatePrior | undefined },
): FeedbackRow[] {
  const toRow = (name: string, text: string, { target, share, label }: Taught): FeedbackRow => ({
    id: `feedback-${told.id}-${name}`,
    ...copyRecord({ title: told.title, field: told.field, text }),
    field: told.field,
    category: told.category,
    price: null,
    rating: told.rating,
    timestamp: told.createdAt.toISOString(),
    label,
    target,
    weight: weight * share,
    feedbackIds: told.takenBy === null ? [told.id] : [],
  });
  const result = judgeResult(told, ratingThreshold, usual);
  switch (told.outcome) {
    case null:
    case 'accepted':
      return [toRow('offered', told.copyText, result)];
    case 'better':
      return [toRow('offered', told.copyText, BETTER)];
    case 'worse':
      return [toRow('offered', told.copyText, WORSE)];
    case 'rejected':
      return [toRow('offered', told.copyText, BAD)];
    case 'edited':
      return [
        { ...toRow('offered', told.copyText, BAD), rating: null },
        toRow('edited', told.editedText ?? '', result),
      ];
    default:
      return assertNever(told.outcome);
  }
}

async function* readCounted(
  db: Db,
  { weight, takenUpTo = 0 }: FeedbackRowOptions,
  usualRates: UsualRates,
): AsyncGenerator<FeedbackRow> {
  let after: { predictionId: string; field: string; place: number } = {
    predictionId: '',
    field: '',
    place: 0,
  };
  for (;;) {
    const page = await readCountedPage(db, after, takenUpTo);
    for (const text of page) yield rowOfCounts(text, { weight, usual: usualRates.get(text.field) });
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_ROWS) return;
    after = last;
  }
}

export function rowOfCounts(
  { id, untaken, title, field, text, category, clicks, impressions }: CountedText,
  { weight, usual }: { weight: number; usual: RatePrior | undefined },
): FeedbackRow {
  const lesson = usual === undefined ? NOTHING : learnFromCounts({ clicks, impressions }, usual);
  return {
    id: `feedback-${id}-counted`,
    ...copyRecord({ title, field, text }),
    field,
    category,
    price: null,
    rating: null,
    timestamp: null,
    label: lesson.target >= 0.5 ? 1 : 0,
    target: lesson.target,
    weight: weight * lesson.share,
    // Arrays of 64-bit numbers arrive as texts.
    feedbackIds: (untaken ?? []).map(Number),
  };
}

const NOTHING = { target: 0.5, share: 0 };

/** What was counted of one text on all days. */
export interface CountedText {
  id: number;
  untaken: string[] | null;
  title: string;
  field: string;
  text: string;
  category: string;
  clicks: number;
  impressions: number;
}

/**
 * Sums over all days and sources of texts of which any day is new; of impressions that nobody counted clicks
 * of nothing is known.
 */
async function readCountedPage(
  db: Db,
  after: { predictionId: string; field: string; place: number },
  takenUpTo: number,
): Promise<(CountedText & { predictionId: string; place: number })[]> {
  const { rows } = await sql<CountedText & { predictionId: string; place: number }>`
    WITH counted AS (
      SELECT prediction_id, field, place, min(id) AS id, array_agg(id) FILTER (WHERE dataset_version IS NULL) AS untaken,
        coalesce(sum(clicks), 0)::float8 AS clicks,
        coalesce(sum(impressions) FILTER (WHERE clicks IS NOT NULL), 0)::float8 AS impressions
      FROM feedback
      WHERE day IS NOT NULL AND (prediction_id, field, place) > (${after.predictionId}, ${after.field}, ${after.place})
      GROUP BY prediction_id, field, place
      HAVING bool_or(dataset_version IS NULL OR dataset_version <= ${takenUpTo})
      ORDER BY prediction_id, field, place LIMIT ${PAGE_ROWS})
    SELECT counted.prediction_id AS "predictionId", counted.field, counted.place, counted.id, untaken, clicks, impressions, title,
      coalesce(request ->> 'category', '') AS category,
      coalesce(
        (SELECT edited_text FROM feedback AS edit WHERE edit.outcome = 'edited' AND edit.day IS NULL
          AND (edit.prediction_id, edit.field, edit.place) = (counted.prediction_id, counted.field, counted.place)
          ORDER BY edit.id DESC LIMIT 1),
        response #>> ARRAY['alternatives', counted.field, counted.place::text, 'text'], copy_text) AS text
    FROM counted JOIN predictions ON predictions.id = counted.prediction_id
    ORDER BY counted.prediction_id, counted.field, counted.place`.execute(db);
  return rows;
}

/** Number of the feedback that a row of a dataset version came from; undefined for any other row. */
export function feedbackIdOfRow(rowId: string): number | undefined {
  const id = /^feedback-(\d+)-(?:offered|edited|counted)$/.exec(rowId)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** Feedback that was erased by request. */
export async function readErasedFeedback(db: Db): Promise<ReadonlySet<number>> {
  const rows = await db.selectFrom('erased_feedback').select('feedback_id').execute();
  return new Set(rows.map((row) => row.feedback_id));
}

/** What a person told of one text. */
export interface ToldOfText {
  id: number;
  field: string;
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

async function readPage(db: Db, after: number, takenUpTo: number): Promise<ToldOfText[]> {
  return await db
    .selectFrom('feedback')
    .innerJoin('predictions', 'predictions.id', 'feedback.prediction_id')
    // What was counted of the text day by day says more than what was told beside the verdict.
    .leftJoinLateral(
      (join) =>
        join
          .selectFrom('feedback as day')
          .whereRef('day.prediction_id', '=', 'feedback.prediction_id')
          .whereRef('day.field', '=', 'feedback.field')
          .whereRef('day.place', '=', 'feedback.place')
          .where('day.day', 'is not', null)
          .where('day.clicks', 'is not', null)
          .select(sql<number | null>`sum(day.clicks)::float8`.as('clicks'))
          .select(sql<number | null>`sum(day.impressions)::float8`.as('impressions'))
          .as('days'),
      (join) => join.onTrue(),
    )
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
      'feedback.field',
      'feedback.outcome',
      'feedback.edited_text as editedText',
      sql<number | null>`coalesce(days.clicks, feedback.clicks)`.as('clicks'),
      sql<number | null>`coalesce(days.impressions, feedback.impressions)`.as('impressions'),
      'feedback.rating',
      'feedback.created_at as createdAt',
      'feedback.dataset_version as takenBy',
      'predictions.title',
      // What was stored before texts had places is about the ad copy that was returned, whatever else is
      // stored of the answer.
      sql<string>`coalesce(predictions.response #>> ARRAY['alternatives', feedback.field, feedback.place::text, 'text'],
        predictions.copy_text)`.as('copyText'),
      sql<string>`coalesce(predictions.request ->> 'category', '')`.as('category'),
    ])
    .orderBy('feedback.id')
    .limit(PAGE_ROWS)
    .execute();
}

/**
 * What a row teaches: a label, the probability behind it where it is open, and the share of the full weight.
 */
export interface Taught {
  label: Label;
  target: number | null;
  share: number;
}

const GOOD: Taught = { label: 1, target: null, share: 1 };
const BAD: Taught = { label: 0, target: null, share: 1 };
/**
 * Of two texts of which nothing else is known the better one lies above the median with probability 3/4.
 */
const BETTER: Taught = { label: 1, target: 0.75, share: 1 };
const WORSE: Taught = { label: 0, target: 0.25, share: 1 };

/** Of a text that a person let go out. Exported for its test. */
export function judgeResult(
  { rating, clicks, impressions }: Pick<ToldOfText, 'rating' | 'clicks' | 'impressions'>,
  ratingThreshold: number,
  usual: RatePrior | undefined,
): Taught {
  if (rating !== null) return rating >= ratingThreshold ? GOOD : BAD;
  if (clicks === null || impressions === null || impressions === 0 || usual === undefined) return GOOD;
  const lesson = learnFromCounts({ clicks, impressions }, usual);
  const target = lesson.share * lesson.target + (1 - lesson.share);
  return { label: target >= 0.5 ? 1 : 0, target, share: 1 };
}
