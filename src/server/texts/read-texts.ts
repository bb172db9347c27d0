/** Texts on their way to being published, each with the product that it was written for. */
import { sql } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { describeMissingPrediction, renderTextId, type TextPlace } from '../../data/index.ts';
import type { Db, TextEventKind, TextState } from '../../db/index.ts';

export interface TextOnItsWay {
  /** Counts up as texts are first touched; what pages go by. 0 for one that nobody has touched. */
  number: number;
  textId: string;
  predictionId: string;
  field: string;
  state: TextState;
  /** As it was written. */
  original: string;
  editedText: string | null;
  score: number | null;
  assignee: string | null;
  changedBy: string | null;
  changedAt: Date | null;
  product: { title: string; description: string };
}

export interface TextEvent {
  kind: TextEventKind;
  told: string;
  by: string;
  at: Date;
}

export interface TextFilters {
  state?: TextState | undefined;
  /** '' for those that nobody has. */
  assignee?: string | undefined;
  field?: string | undefined;
  minScore?: number | undefined;
  maxScore?: number | undefined;
}

/** Names by which texts are given: of keys and sign-ins that may review, and of whoever has a text now. */
export async function listReviewers(db: Db): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM api_keys WHERE role <> 'reader' AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > now())
    UNION SELECT name FROM console_sessions WHERE role <> 'reader' AND expires_at > now()
    UNION SELECT assignee FROM texts WHERE state = 'in_review' AND assignee IS NOT NULL
    ORDER BY name LIMIT ${MOST_REVIEWERS}`.execute(db);
  return rows.map(({ name }) => name);
}

const MOST_REVIEWERS = 500;

/** Newest first. @returns `count` of all that the filters leave */
export async function listTexts(
  db: Db,
  { limit, before, ...filters }: TextFilters & { limit: number; before?: number | undefined },
): Promise<{ texts: TextOnItsWay[]; count: number }> {
  const { state, assignee, field, minScore, maxScore } = filters;
  let chosen = db.selectFrom('texts');
  if (state !== undefined) chosen = chosen.where('texts.state', '=', state);
  if (assignee !== undefined)
    chosen = assignee === '' ? chosen.where('assignee', 'is', null) : chosen.where('assignee', '=', assignee);
  if (field !== undefined) chosen = chosen.where('field', '=', field);
  if (minScore !== undefined) chosen = chosen.where('score', '>=', minScore);
  if (maxScore !== undefined) chosen = chosen.where('score', '<=', maxScore);
  const page = before === undefined ? chosen : chosen.where('texts.id', '<', before);
  const [rows, { count }] = await Promise.all([
    page
      .innerJoin('predictions', 'predictions.id', 'texts.prediction_id')
      .selectAll('texts')
      .select(['predictions.title', 'predictions.description', ORIGINAL.as('original')])
      .orderBy('texts.id', 'desc')
      .limit(limit)
      .execute(),
    chosen.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow(),
  ]);
  return { texts: rows.map(showRow), count };
}

/** The text as its prediction holds it, in the place that the row names. */
const ORIGINAL = sql<string>`coalesce(predictions.response #>> ARRAY['alternatives', texts.field, texts.place::text, 'text'], '')`;

function showRow(row: {
  id: number;
  prediction_id: string;
  field: string;
  place: number;
  state: TextState;
  edited_text: string | null;
  score: number | null;
  assignee: string | null;
  changed_by: string;
  changed_at: Date;
  title: string;
  description: string;
  original: string;
}): TextOnItsWay {
  return {
    number: row.id,
    textId: renderTextId({ predictionId: row.prediction_id, field: row.field, place: row.place }),
    predictionId: row.prediction_id,
    field: row.field,
    state: row.state,
    original: row.original,
    editedText: row.edited_text,
    score: row.score,
    assignee: row.assignee,
    changedBy: row.changed_by,
    changedAt: row.changed_at,
    product: { title: row.title, description: row.description },
  };
}

/**
 * One text with what was done to it, oldest first; a draft where nobody has touched it.
 * @throws AppError `not-found` for a prediction that is not stored, or a text that it does not have
 */
export async function readText(
  db: Db,
  place: TextPlace,
): Promise<{ text: TextOnItsWay; history: TextEvent[] }> {
  const row = await db
    .selectFrom('texts')
    .innerJoin('predictions', 'predictions.id', 'texts.prediction_id')
    .selectAll('texts')
    .select(['predictions.title', 'predictions.description', ORIGINAL.as('original')])
    .where('prediction_id', '=', place.predictionId)
    .where('field', '=', place.field)
    .where('place', '=', place.place)
    .executeTakeFirst();
  if (row === undefined) return { text: await readDraft(db, place), history: [] };
  const events = await db
    .selectFrom('text_events')
    .selectAll()
    .where('text_id', '=', row.id)
    .orderBy('id')
    .execute();
  const history = events.map(({ kind, told, done_by, done_at }) => ({
    kind,
    told,
    by: done_by,
    at: done_at,
  }));
  return { text: showRow(row), history };
}

async function readDraft(db: Db, place: TextPlace): Promise<TextOnItsWay> {
  const { original, score, product } = await readProposed(db, place);
  return {
    number: 0,
    textId: renderTextId(place),
    predictionId: place.predictionId,
    field: place.field,
    state: 'draft',
    original,
    editedText: null,
    score,
    assignee: null,
    changedBy: null,
    changedAt: null,
    product,
  };
}

/** @throws AppError `not-found` for a prediction that is not stored, or a text that it does not have */
export async function readProposed(
  db: Db,
  { predictionId, field, place }: TextPlace,
): Promise<{ original: string; score: number | null; product: { title: string; description: string } }> {
  const row = await db
    .selectFrom('predictions')
    .select([
      'title',
      'description',
      sql<{ text: string; score: number | null } | null>`response #> ARRAY['alternatives', ${field}::text,
        ${String(place)}::text]`.as('proposed'),
    ])
    .where('id', '=', predictionId)
    .executeTakeFirst();
  if (row === undefined)
    throw new AppError('not-found', describeMissingPrediction(predictionId), {
      details: { field: 'text_id' },
    });
  if (row.proposed === null)
    throw new AppError(
      'not-found',
      `prediction ${predictionId} has no text ${place} of the field ${field}: its text_ids and alternatives name those that it has`,
      { details: { field: 'text_id' } },
    );
  const { title, description, proposed } = row;
  return { original: proposed.text, score: proposed.score, product: { title, description } };
}
