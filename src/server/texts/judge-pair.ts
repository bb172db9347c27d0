/** Which of two texts is the better one: told of both, so that both teach. */
import { AppError } from '../../core/errors.ts';
import { recordFeedback, renderTextId, type TextPlace } from '../../data/index.ts';
import type { Db } from '../../db/index.ts';
import { readText, type TextOnItsWay } from './read-texts.ts';

/**
 * Stored once for each pair and direction, both texts or none; their states stay as they are.
 * @returns whether it is new
 * @throws AppError `invalid-input` for texts that cannot be compared, `not-found` as `readText`
 */
export async function judgePair(db: Db, better: TextPlace, worse: TextPlace): Promise<boolean> {
  const [first, second] = [(await readText(db, better)).text, (await readText(db, worse)).text];
  requireComparable(first, second);
  const tell = async (trx: Db, place: TextPlace, outcome: 'better' | 'worse', than: TextPlace) => {
    const { isNew } = await recordFeedback(trx, {
      predictionId: place.predictionId,
      text: { field: place.field, place: place.place },
      idempotencyKey: `${outcome}-than-${renderTextId(than)}`,
      outcome,
      editedText: null,
      clicks: null,
      impressions: null,
      rating: null,
    });
    return isNew;
  };
  return await db.transaction().execute(async (trx) => {
    const isNew = await tell(trx, better, 'better', worse);
    await tell(trx, worse, 'worse', better);
    return isNew;
  });
}

function requireComparable(better: TextOnItsWay, worse: TextOnItsWay): void {
  const refuse = (reason: string): AppError =>
    new AppError('invalid-input', `${worse.textId} cannot be compared with ${better.textId}: ${reason}`, {
      details: { field: 'worse' },
    });
  if (better.textId === worse.textId) throw refuse('it is the same text');
  if (better.field !== worse.field)
    throw refuse(`one is written for ${worse.field}, the other for ${better.field}`);
  if (
    better.product.title !== worse.product.title ||
    better.product.description !== worse.product.description
  )
    throw refuse('they are written for two products');
  if (better.original === worse.original) throw refuse('both say the same');
  if (better.editedText !== null || worse.editedText !== null)
    throw refuse('one of them was edited, and the edit tells already which is better');
}
