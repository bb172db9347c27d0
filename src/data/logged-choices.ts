/**
 * What was chosen by chance and what became of it: the log that answers what another choice would have
 * earned.
 */
import { sql, type RawBuilder } from 'kysely';
import type { LearningReward } from '../core/config/index.ts';
import { FEEDBACK_OUTCOMES, type Db } from '../db/index.ts';

/** By what texts are judged; `revenue` alone has no upper bound, so no policy goes by it. */
export type Reward = LearningReward | 'revenue';

export interface LogFilter {
  modelName: string;
  reward: Reward;
  field?: string | undefined;
  /** All fields of a channel. */
  channel?: string | undefined;
  /** Of the predictions. */
  since?: Date | undefined;
}

export interface LoggedText {
  text: string;
  /** By the version that answered. */
  score: number;
  propensity: number;
}

/** One field of one prediction whose text was drawn, and counted since. */
export interface LoggedDraw {
  title: string;
  field: string;
  modelVersion: number;
  /** All that might have been chosen; the first was. */
  texts: LoggedText[];
  /** What the text earned in so many trials: clicks of impressions, accepted of verdicts. */
  earned: number;
  trials: number;
}

/**
 * Texts that were told about, by how they were chosen, among the newest hundred thousand rows of feedback; a
 * field that returns many texts is never drawn.
 */
export interface LogSize {
  /** Drawn, each with its propensity. */
  drawn: number;
  heldBack: number;
  /** By the policy `best`, or where there was nothing to choose. */
  certain: number;
}

const DRAWS_AT_ONCE = 200;
/** How a text was chosen stands in its prediction, of which millions would have to be unpacked. */
const NEWEST_TOLD = 100_000;

/**
 * Of one row of feedback `f`: what was earned, in how many trials, and whether the row tells of this reward
 * at all.
 */
export function rewardColumns(reward: Reward): Record<'earned' | 'trials' | 'isTold', RawBuilder<unknown>> {
  switch (reward) {
    case 'clicks':
      return {
        earned: sql`least(f.clicks, f.impressions)`,
        trials: sql`f.impressions`,
        isTold: sql`(f.clicks IS NOT NULL AND f.impressions > 0)`,
      };
    case 'conversions':
      return {
        earned: sql`least(f.conversions, f.impressions)`,
        trials: sql`f.impressions`,
        isTold: sql`(f.conversions IS NOT NULL AND f.impressions > 0)`,
      };
    case 'verdicts':
      return {
        earned: sql`(f.outcome = 'accepted')::integer`,
        trials: sql`1`,
        // Which of two texts is better says nothing of whether either is accepted.
        isTold: sql`(f.outcome IN (${sql.join(FEEDBACK_OUTCOMES)}))`,
      };
    case 'revenue':
      return {
        earned: sql`f.revenue`,
        trials: sql`f.impressions`,
        isTold: sql`(f.revenue IS NOT NULL AND f.impressions > 0)`,
      };
    default:
      return reward satisfies never;
  }
}

/** Of a row of feedback `f`. */
export function fieldIs({ field, channel }: Pick<LogFilter, 'field' | 'channel'>): RawBuilder<unknown> {
  if (field !== undefined) return sql`f.field = ${field}`;
  return channel === undefined
    ? sql`true`
    : sql`split_part(f.field, '.', 1) = ${channel} AND f.field LIKE '%.%'`;
}

/** Feedback on texts that went out, under the name `f`. */
function newestTold(filter: LogFilter, isTold: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(SELECT f.* FROM feedback f WHERE ${isTold} AND f.place = 0 AND ${fieldIs(filter)}
    ORDER BY f.id DESC LIMIT ${NEWEST_TOLD})`;
}

/** What each of them has earned, under the name `told`. */
export function earnedOfTold(filter: LogFilter): RawBuilder<unknown> {
  const { earned, trials, isTold } = rewardColumns(filter.reward);
  return sql`(SELECT f.prediction_id, f.field, sum(${earned})::float8 AS earned, sum(${trials})::float8 AS trials
    FROM ${newestTold(filter, isTold)} AS f GROUP BY f.prediction_id, f.field) AS told`;
}

export async function countLog(db: Db, filter: LogFilter): Promise<LogSize> {
  const { isTold } = rewardColumns(filter.reward);
  const { rows } = await sql<{ policy: string; texts: number }>`
    SELECT policy, count(*)::integer AS texts FROM (
      SELECT DISTINCT f.prediction_id, f.field, CASE
        WHEN p.response ->> 'policy' = 'holdback' THEN 'holdback'
        WHEN p.response #> ARRAY['alternatives', f.field, '0', 'propensity'] IS NULL THEN 'certain' ELSE 'drawn' END AS policy
      FROM ${newestTold(filter, isTold)} AS f JOIN predictions p ON p.id = f.prediction_id
      WHERE p.model_name = ${filter.modelName} AND p.created_at >= ${filter.since ?? new Date(0)}) AS told
    GROUP BY policy`.execute(db);
  const of = (policy: string): number => rows.find((row) => row.policy === policy)?.texts ?? 0;
  return { drawn: of('drawn'), heldBack: of('holdback'), certain: of('certain') };
}

/**
 * The newest draws, at most `limit`, oldest first and some hundred at a time: texts never lie in memory
 * whole.
 */
export async function* readDraws(
  db: Db,
  filter: LogFilter,
  limit: number,
): AsyncGenerator<readonly LoggedDraw[]> {
  const { rows: keys } = await sql<{ id: string; field: string; earned: number; trials: number }>`
    SELECT p.id, told.field, told.earned, told.trials FROM ${earnedOfTold(filter)}
    JOIN predictions p ON p.id = told.prediction_id
    WHERE p.response ->> 'policy' = 'explore' AND p.model_name = ${filter.modelName}
      AND p.created_at >= ${filter.since ?? new Date(0)}
      AND p.response #> ARRAY['alternatives', told.field, '0', 'propensity'] IS NOT NULL
    ORDER BY p.created_at DESC, p.id DESC, told.field LIMIT ${limit}`.execute(db);
  keys.reverse();
  for (let start = 0; start < keys.length; start += DRAWS_AT_ONCE) {
    const page = keys.slice(start, start + DRAWS_AT_ONCE);
    const { rows } = await sql<Omit<LoggedDraw, 'earned' | 'trials'> & { at: number }>`
      SELECT (key.at - 1)::integer AS at, p.title, key.field, p.model_version AS "modelVersion",
        p.response #> ARRAY['alternatives', key.field] AS texts
      FROM unnest(${page.map(({ id }) => id)}::text[], ${page.map(({ field }) => field)}::text[])
        WITH ORDINALITY AS key (id, field, at) JOIN predictions p ON p.id = key.id ORDER BY key.at`.execute(
      db,
    );
    yield rows.map(({ at, ...row }) => ({
      ...row,
      earned: page[at]?.earned ?? 0,
      trials: page[at]?.trials ?? 0,
    }));
  }
}

/** What the revenue of the fields is counted in. */
export async function listCurrencies(
  db: Db,
  filter: Pick<LogFilter, 'field' | 'channel'>,
): Promise<{ field: string; currency: string }[]> {
  const { rows } = await sql<{ field: string; currency: string }>`
    SELECT f.field, f.currency FROM revenue_currencies f WHERE ${fieldIs(filter)} ORDER BY f.field`.execute(
    db,
  );
  return rows;
}
