/** What the texts of a field usually earn: the ground on which counts of one of them are read. */
import { sql } from 'kysely';
import { fitRatePrior, type RatePrior } from '../learning/index.ts';
import type { Db } from '../db/index.ts';

/** Clicks per impression of a field's texts. A field of a channel is its own: `x.text` is not `sms.text`. */
export interface UsualRate extends RatePrior {
  texts: number;
  impressions: number;
  clicks: number;
}

/** By field. */
export type UsualRates = ReadonlyMap<string, UsualRate>;

/**
 * The strength is fitted to so many texts of a field; which of them is as good as random, since their ids
 * are.
 */
const TEXTS_FITTED = 20_000;

export async function fitUsualRates(db: Db): Promise<UsualRates> {
  const { rows } = await sql<{
    field: string;
    clicks: number;
    impressions: number;
    texts: number;
    rank: number;
  }>`
    WITH shown AS (
      SELECT field, sum(clicks)::float8 AS clicks, sum(impressions)::float8 AS impressions,
        row_number() OVER (PARTITION BY field ORDER BY prediction_id, place) AS rank
      FROM feedback WHERE clicks IS NOT NULL AND impressions > 0 GROUP BY field, prediction_id, place)
    SELECT field, clicks, impressions, 1 AS texts, rank::integer FROM shown WHERE rank <= ${TEXTS_FITTED}
    UNION ALL
    SELECT field, sum(clicks), sum(impressions), count(*)::integer, 0 FROM shown GROUP BY field
    ORDER BY field, rank`.execute(db);
  const rates = new Map<string, UsualRate>();
  for (const { field, texts, impressions, clicks } of rows.filter(({ rank }) => rank === 0)) {
    const fitted = rows.filter((row) => row.field === field && row.rank > 0);
    rates.set(field, { ...fitRatePrior(fitted), texts, impressions, clicks });
  }
  return rates;
}
