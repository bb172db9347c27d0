/**
 * One stored prediction by its id, or why there is none: for whoever must account for an answer that was
 * given.
 */
import type { Config } from '../../core/config/index.ts';
import type { Db } from '../../db/index.ts';
import { fromRow, isSampled, type StoredPrediction } from './prediction-store.ts';

export type FoundPrediction =
  | { kind: 'stored'; prediction: StoredPrediction }
  | {
      kind: 'erased';
      erasedAt: Date;
      predictedAt: Date;
      modelName: string;
      modelVersion: number;
    }
  | { kind: 'not-sampled' }
  /**
   * Never made here, dropped under load, or past its retention: nothing was kept that could tell these apart.
   */
  | { kind: 'unknown' };

export async function findPrediction(
  db: Db,
  id: string,
  { predictionSampleRate }: Pick<Config['serving'], 'predictionSampleRate'>,
): Promise<FoundPrediction> {
  const row = await db.selectFrom('predictions').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return { kind: 'stored', prediction: fromRow(row) };
  const erased = await db
    .selectFrom('erased_predictions')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  if (erased !== undefined) {
    return {
      kind: 'erased',
      erasedAt: erased.erased_at,
      predictedAt: erased.predicted_at,
      modelName: erased.model_name,
      modelVersion: erased.model_version,
    };
  }
  return { kind: isSampled(id, predictionSampleRate) ? 'unknown' : 'not-sampled' };
}
