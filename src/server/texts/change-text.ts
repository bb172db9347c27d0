/**
 * What people do to a text. The row is locked while it changes, so that of two who decide at once the second
 * sees what the first has decided, and is told.
 */
import { AppError } from '../../core/errors.ts';
import { recordFeedback, renderTextId, type TextPlace } from '../../data/index.ts';
import type { Db, DbTransaction, FeedbackOutcome, TextEventKind, TextState } from '../../db/index.ts';
import { readProposed } from './read-texts.ts';

/** Where each state may lead. */
const NEXT: Readonly<Record<TextState, readonly TextState[]>> = {
  draft: ['in_review', 'approved', 'rejected'],
  in_review: ['draft', 'approved', 'rejected'],
  approved: ['in_review', 'published'],
  rejected: ['in_review'],
  published: ['approved'],
};

export interface Decision {
  state: TextState;
  /** What the person made of the text, beside `in_review` or `approved`; otherwise it stays as it stands. */
  editedText?: string | undefined;
  /** The state that was seen when it was decided: another one by now refuses the decision. */
  from?: TextState | undefined;
  comment?: string | undefined;
}

/**
 * Moves a text on. Approving and rejecting are feedback on it, stored with the move or not at all.
 * @returns the verdict that it was; undefined for a move that tells nothing of the text
 * @throws AppError `conflict` saying who was there first, `not-found` as `readText`
 */
export async function decideText(
  db: Db,
  place: TextPlace,
  { state, editedText, from, comment }: Decision,
  by: string,
): Promise<FeedbackOutcome | undefined> {
  return await db.transaction().execute(async (trx) => {
    const row = await lockText(trx, place, by);
    if ((from !== undefined && row.state !== from) || !NEXT[row.state].includes(state))
      throw refuseMove(place, row, state);
    const current = editedText ?? row.edited_text ?? row.original;
    const edited = current === row.original ? null : current;
    const isVerdict = state === 'rejected' || (state === 'approved' && row.state !== 'published');
    await trx
      .updateTable('texts')
      .set({ state, edited_text: edited, changed_by: by, changed_at: new Date() })
      .where('id', '=', row.id)
      .execute();
    const event = await addEvent(trx, row.id, 'state', state, by);
    if (comment !== undefined) await addEvent(trx, row.id, 'comment', comment, by);
    if (!isVerdict) return undefined;
    const outcome = state === 'rejected' ? 'rejected' : edited === null ? 'accepted' : 'edited';
    await recordFeedback(trx, {
      predictionId: place.predictionId,
      text: { field: place.field, place: place.place },
      idempotencyKey: `review-${event}`,
      outcome,
      editedText: outcome === 'edited' ? edited : null,
      clicks: null,
      impressions: null,
      rating: null,
    });
    return outcome;
  });
}

/** @param assignee null for nobody */
export async function assignText(
  db: Db,
  place: TextPlace,
  assignee: string | null,
  by: string,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { id } = await lockText(trx, place, by);
    await trx.updateTable('texts').set({ assignee }).where('id', '=', id).execute();
    await addEvent(trx, id, 'assigned', assignee ?? '', by);
  });
}

export async function commentOnText(db: Db, place: TextPlace, comment: string, by: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const { id } = await lockText(trx, place, by);
    await addEvent(trx, id, 'comment', comment, by);
  });
}

interface LockedText {
  id: number;
  state: TextState;
  original: string;
  edited_text: string | null;
  changed_by: string;
  changed_at: Date;
}

/** The text's row, made where nobody has touched the text before. */
async function lockText(trx: DbTransaction, place: TextPlace, by: string): Promise<LockedText> {
  const { original, score } = await readProposed(trx, place);
  const key = { prediction_id: place.predictionId, field: place.field, place: place.place };
  await trx
    .insertInto('texts')
    .values({ ...key, score, edited_text: null, assignee: null, changed_by: by })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await trx
    .selectFrom('texts')
    .select(['id', 'state', 'edited_text', 'changed_by', 'changed_at'])
    .where((where) => where.and(key))
    .forUpdate()
    .executeTakeFirstOrThrow();
  return { ...row, original };
}

async function addEvent(
  trx: DbTransaction,
  textId: number,
  kind: TextEventKind,
  told: string,
  by: string,
): Promise<number> {
  const { id } = await trx
    .insertInto('text_events')
    .values({ text_id: textId, kind, told, done_by: by })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

function refuseMove(place: TextPlace, row: LockedText, wanted: TextState): AppError {
  const { state, changed_by, changed_at } = row;
  const at = changed_at.toISOString();
  return new AppError(
    'conflict',
    `text ${renderTextId(place)} is ${state} since ${at}, by ${changed_by}: it was not made ${wanted}; from ${state} it can become ${NEXT[state].join(' or ')}`,
    { details: { field: 'state', state, decided_by: changed_by, decided_at: at } },
  );
}
