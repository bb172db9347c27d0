/** Stored predictions by the page, newest first. */
import { sql } from 'kysely';
import type { Db } from '../../db/index.ts';
import type { StoredPrediction } from './prediction-store.ts';

export interface PredictionPage {
  limit: number;
  from?: Date | undefined;
  /** Exclusive. */
  to?: Date | undefined;
  /** The last prediction of the page before. */
  before?: { createdAt: Date; id: string } | undefined;
}

type Summary = Omit<StoredPrediction, 'description' | 'request' | 'response' | 'requestId'>;

export async function listPredictions(db: Db, page: PredictionPage): Promise<Summary[]> {
  const { limit, from, to, before } = page;
  let chosen = db.selectFrom('predictions');
  if (from !== undefined) chosen = chosen.where('created_at', '>=', from);
  if (to !== undefined) chosen = chosen.where('created_at', '<', to);
  if (before !== undefined) {
    const { createdAt, id } = before;
    // The first condition is what the index of ages serves.
    chosen = chosen
      .where('created_at', '<=', createdAt)
      .where(sql<boolean>`(created_at, id) < (${createdAt}, ${id})`);
  }
  const rows = await chosen
    .select([
      'id',
      'created_at',
      'title',
      'copy_text',
      'confidence_score',
      'model_name',
      'model_version',
      'writer',
    ])
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    title: row.title,
    copyText: row.copy_text,
    confidenceScore: row.confidence_score,
    modelName: row.model_name,
    modelVersion: row.model_version,
    writer: row.writer,
  }));
}
