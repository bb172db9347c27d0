/**
 * How often a version is right on what is asked of it now, without labels: its calibrated confidence says
 * what it expects of itself, and verdicts on its texts say by how much it is mistaken about that.
 */
import { sql } from 'kysely';
import type { Db } from '../db/index.ts';

export interface ExpectedAccuracy {
  /** Newest predictions that were looked at, and verdicts. */
  predictions: number;
  verdicts: number;
  /** Mean confidence in the likelier label; null where predictions are too few. */
  byConfidence: number | null;
  /**
   * The same, corrected by verdicts: right on more or fewer of them than expected; null where they are few.
   */
  byFeedback: number | null;
}

/** Enough for a standard error of half a point; older ones are left out. */
const NEWEST_PREDICTIONS = 20_000;
const NEWEST_VERDICTS = 5000;
const LEAST_VERDICTS = 100;

export async function expectAccuracy(
  db: Db,
  asked: { modelName: string; version: number; since: Date; leastPredictions: number },
): Promise<ExpectedAccuracy> {
  const { modelName, version, since, leastPredictions } = asked;
  const { rows: expected } = await sql<{ count: number; confidence: number | null }>`
    SELECT count(*)::integer AS count, avg(greatest(score, 1 - score)) AS confidence FROM (
      SELECT confidence_score AS score FROM predictions
      WHERE created_at >= ${since} AND model_name = ${modelName} AND model_version = ${version}
      ORDER BY created_at DESC LIMIT ${NEWEST_PREDICTIONS}) AS newest`.execute(db);
  const { rows: told } = await sql<{ count: number; confidence: number | null; accuracy: number | null }>`
    SELECT count(*)::integer AS count, avg(greatest(score, 1 - score)) AS confidence,
      avg(((score >= 0.5) = is_good)::integer)::float8 AS accuracy FROM (
        SELECT (p.response #>> ARRAY['alternatives', f.field, f.place::text, 'score'])::float8 AS score,
          f.outcome = 'accepted' AS is_good
        FROM feedback f JOIN predictions p ON p.id = f.prediction_id
        WHERE f.outcome IN ('accepted', 'rejected') AND f.created_at >= ${since}
          AND p.model_name = ${modelName} AND p.model_version = ${version}
        ORDER BY f.id DESC LIMIT ${NEWEST_VERDICTS}) AS newest
    WHERE score IS NOT NULL`.execute(db);
  const { count: predictions = 0, confidence = null } = expected[0] ?? {};
  const { count: verdicts = 0, confidence: assumed = null, accuracy = null } = told[0] ?? {};
  const byConfidence = predictions < leastPredictions ? null : confidence;
  const isTold = byConfidence !== null && verdicts >= LEAST_VERDICTS && accuracy !== null && assumed !== null;
  return {
    predictions,
    verdicts,
    byConfidence,
    byFeedback: isTold ? Math.min(1, Math.max(0, byConfidence + accuracy - assumed)) : null,
  };
}
