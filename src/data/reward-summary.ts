/** What texts have earned: by field and version, and by how they were chosen, beside a choice at random. */
import { sql } from 'kysely';
import { estimateValue, type LoggedChoice } from '../learning/index.ts';
import type { Db } from '../db/index.ts';
import { earnedOfTold, fieldIs, readDraws, type LogFilter } from './logged-choices.ts';

export interface EarnedCounts {
  /** Texts that anything was told about. */
  texts: number;
  impressions: number;
  clicks: number;
  conversions: number;
  accepted: number;
  rejected: number;
  edited: number;
}

export interface RewardSummary {
  byField: (EarnedCounts & { field: string })[];
  byVersion: (EarnedCounts & { version: number })[];
  /** Of returned texts, by the reward that was asked for; among the newest rows of feedback. */
  byPolicy: { policy: 'best' | 'explore' | 'holdback'; texts: number; earned: number; trials: number }[];
  /** What was drawn answers for other choices among the same texts; null where too few were. */
  choices: Record<'random' | 'best', ChoiceValue> | null;
  draws: number;
}

/** Self-normalised, in rewards per trial; the bounds hold at every look. */
export interface ChoiceValue {
  value: number;
  low: number;
  high: number;
  effectiveSize: number;
}

const LEAST_DRAWS = 100;
const MOST_DRAWS = 5000;

export async function summarizeRewards(db: Db, filter: LogFilter): Promise<RewardSummary> {
  const draws = await readChoices(db, filter);
  const told = await countTold(db, filter);
  const fields = [...new Set(told.map(({ field }) => field))].toSorted();
  const versions = [...new Set(told.map(({ version }) => version))].toSorted((a, b) => a - b);
  return {
    byField: fields.map((field) => ({ field, ...sumEarned(told.filter((one) => one.field === field)) })),
    byVersion: versions.map((version) => ({
      version,
      ...sumEarned(told.filter((one) => one.version === version)),
    })),
    byPolicy: await countByPolicy(db, filter),
    draws: draws.best.length,
    choices:
      draws.best.length < LEAST_DRAWS ? null : { random: valueOf(draws.random), best: valueOf(draws.best) },
  };
}

/** Of parts that have no text in common. */
export function sumEarned(parts: readonly EarnedCounts[]): EarnedCounts {
  const sum = (name: keyof EarnedCounts): number => parts.reduce((total, part) => total + part[name], 0);
  return {
    texts: sum('texts'),
    impressions: sum('impressions'),
    clicks: sum('clicks'),
    conversions: sum('conversions'),
    accepted: sum('accepted'),
    rejected: sum('rejected'),
    edited: sum('edited'),
  };
}

/** Rows of feedback are summed by text before anything is joined or counted: there is one text to each. */
async function countTold(
  db: Db,
  filter: LogFilter,
): Promise<(EarnedCounts & { field: string; version: number })[]> {
  const { rows } = await sql<EarnedCounts & { field: string; version: number }>`
    SELECT told.field, p.model_version AS version, count(*)::float8 AS texts,
      sum(told.impressions)::float8 AS impressions, sum(told.clicks)::float8 AS clicks,
      sum(told.conversions)::float8 AS conversions, sum(told.accepted)::float8 AS accepted,
      sum(told.rejected)::float8 AS rejected, sum(told.edited)::float8 AS edited
    FROM (SELECT f.prediction_id, f.field, coalesce(sum(f.impressions), 0) AS impressions,
        coalesce(sum(f.clicks), 0) AS clicks, coalesce(sum(f.conversions), 0) AS conversions,
        count(*) FILTER (WHERE f.outcome = 'accepted') AS accepted,
        count(*) FILTER (WHERE f.outcome = 'rejected') AS rejected,
        count(*) FILTER (WHERE f.outcome = 'edited') AS edited
      FROM feedback f WHERE ${fieldIs(filter)} GROUP BY f.prediction_id, f.field, f.place) AS told
    JOIN predictions p ON p.id = told.prediction_id
    WHERE p.model_name = ${filter.modelName} AND p.created_at >= ${filter.since ?? new Date(0)}
    GROUP BY told.field, p.model_version`.execute(db);
  return rows;
}

async function countByPolicy(db: Db, filter: LogFilter): Promise<RewardSummary['byPolicy']> {
  const { rows } = await sql<RewardSummary['byPolicy'][number]>`
    SELECT coalesce(p.response ->> 'policy', 'best') AS policy, count(*)::float8 AS texts,
      sum(told.earned)::float8 AS earned, sum(told.trials)::float8 AS trials
    FROM ${earnedOfTold(filter)} JOIN predictions p ON p.id = told.prediction_id
    WHERE p.model_name = ${filter.modelName} AND p.created_at >= ${filter.since ?? new Date(0)}
    GROUP BY 1 ORDER BY 1`.execute(db);
  return rows;
}

/** Each draw as a uniform choice, and the best by the stored scores, would have made it. */
async function readChoices(db: Db, filter: LogFilter): Promise<Record<'random' | 'best', LoggedChoice[]>> {
  const found: Record<'random' | 'best', LoggedChoice[]> = { random: [], best: [] };
  for await (const page of readDraws(db, filter, MOST_DRAWS)) {
    for (const { texts, earned, trials } of page) {
      const [first] = texts;
      if (first === undefined || !(first.propensity > 0)) continue;
      const best = Math.max(...texts.map(({ score }) => score));
      const equals = texts.filter(({ score }) => score === best).length;
      const choice = {
        propensity: first.propensity,
        reward: earned / trials,
        expectedOfChoice: 0,
        expectedOfPolicy: 0,
      };
      found.random.push({ ...choice, probability: 1 / texts.length });
      found.best.push({ ...choice, probability: first.score === best ? 1 / equals : 0 });
    }
  }
  return found;
}

function valueOf(choices: readonly LoggedChoice[]): ChoiceValue {
  const { snips, interval, effectiveSize } = estimateValue(choices);
  return { value: snips, low: interval.low, high: interval.high, effectiveSize };
}
