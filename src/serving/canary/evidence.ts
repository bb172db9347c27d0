/**
 * What champion and challenger have earned since the trial began: read whole at every look, so that late days
 * and restated counts are what they are now.
 */
import { sql } from 'kysely';
import { DAY_MS } from '../../core/clock.ts';
import { rewardColumns } from '../../data/index.ts';
import type { CanaryOutcome, Db } from '../../db/index.ts';
import { earnedOf, judgeCanary, type ProductSums } from '../../learning/index.ts';
import type { Canary, SideEvidence, StoredEvidence } from './store.ts';

/** Of each side: fewer say nothing of how products differ. */
const LEAST_PRODUCTS = 20;

const NONE: ProductSums = {
  products: 0,
  earned: 0,
  shown: 0,
  earnedSquares: 0,
  shownSquares: 0,
  earnedByShown: 0,
};

/** Products are divided by chance, their texts are not: a product is one draw, however often it was shown. */
async function readEarned(
  db: Db,
  { modelName, champion, version, startedAt, rules }: Canary,
): Promise<Record<'champion' | 'challenger', SideEvidence>> {
  const { earned, trials, isTold } = rewardColumns(rules.reward);
  const { rows } = await sql<ProductSums & { version: number }>`
    WITH told AS (
      SELECT p.model_version AS version, sum(${earned})::float8 AS earned, sum(${trials})::float8 AS shown
      FROM predictions p JOIN feedback f ON f.prediction_id = p.id
      WHERE p.model_name = ${modelName} AND p.model_version IN (${champion}, ${version})
        AND p.created_at >= ${startedAt} AND ${isTold}
        -- Catalogues are predicted by the champion alone, and some requests name a version: no chance divided
        -- them.
        AND p.request ->> 'job' IS NULL AND p.request ->> 'version' IS NULL
        -- What was returned, not what was offered beside it.
        AND (f.place = 0 OR f.place < CASE jsonb_typeof(p.response #> ARRAY['text_ids', f.field])
          WHEN 'array' THEN jsonb_array_length(p.response #> ARRAY['text_ids', f.field]) ELSE 1 END)
      GROUP BY p.model_version, p.title, p.description)
    SELECT version, count(*)::float8 AS products, sum(earned) AS earned, sum(shown) AS shown,
      sum(earned * earned) AS "earnedSquares", sum(shown * shown) AS "shownSquares", sum(earned * shown) AS "earnedByShown"
    FROM told GROUP BY version`.execute(db);
  const sideOf = (which: number): SideEvidence => {
    const sums = rows.find((row) => row.version === which) ?? NONE;
    return { ...earnedOf(sums), products: sums.products };
  };
  return { champion: sideOf(champion), challenger: sideOf(version) };
}

/** What the evidence says by now, and what follows from it; null while nothing does. */
export async function weighCanary(
  db: Db,
  canary: Canary,
  now: Date,
): Promise<{ evidence: StoredEvidence; outcome: CanaryOutcome | null; reason: string }> {
  const { rules } = canary;
  const sides = await readEarned(db, canary);
  const judged = judgeCanary(sides.champion, sides.challenger, rules);
  const scarce = describeScarcity(sides, rules.minimumEvents);
  const isOver =
    canary.startedAt !== null && now.getTime() - canary.startedAt.getTime() > rules.maxDays * DAY_MS;
  const because = scarce === null ? judged.because : `not enough evidence, because there are ${scarce}`;
  const evidence: StoredEvidence = {
    ...judged,
    because: because?.replace('not enough evidence: ', 'not enough evidence, because ') ?? null,
    ...sides,
    lookedAt: now.toISOString(),
  };
  const told = describeEvidence(canary, evidence);
  if (scarce === null && judged.verdict === 'promote')
    return { evidence, outcome: 'promoted', reason: `it earns more: ${told}` };
  if (scarce === null && judged.verdict === 'roll-back')
    return { evidence, outcome: 'rolled-back', reason: `it earns less: ${told}` };
  if (isOver)
    return {
      evidence,
      outcome: 'out-of-budget',
      reason: `no verdict within ${rules.maxDays} days (${evidence.because ?? 'undecided'}): ${told}`,
    };
  if (sides.champion.shown + sides.challenger.shown >= rules.budget)
    return {
      evidence,
      outcome: 'out-of-budget',
      reason: `no verdict within the budget of ${rules.budget} (${evidence.because ?? 'undecided'}): ${told}`,
    };
  return { evidence: { ...evidence, verdict: 'undecided' }, outcome: null, reason: '' };
}

function describeScarcity(
  sides: Record<'champion' | 'challenger', SideEvidence>,
  minimumEvents: number,
): string | null {
  for (const [side, { products, shown }] of Object.entries(sides)) {
    if (products < LEAST_PRODUCTS) return `${products} products of the ${side}, ${LEAST_PRODUCTS} are needed`;
    if (shown < minimumEvents) return `${shown} events of the ${side}, ${minimumEvents} are needed`;
  }
  return null;
}

/** `version 5 earned 310 clicks of 10000 (3.10 %), version 4 ...: a difference of 0.30 points (...)`. */
function describeEvidence(
  { version, champion, rules }: Canary,
  { champion: before, challenger, difference, low, high }: StoredEvidence,
): string {
  const side = (which: number, { rewards, shown }: SideEvidence): string =>
    `version ${which} earned ${rewards} ${rules.reward} of ${shown}${shown > 0 ? ` (${((100 * rewards) / shown).toFixed(2)} %)` : ''}`;
  const points = (value: number): string => (100 * value).toFixed(2);
  return `${side(version, challenger)}, ${side(champion, before)}; a difference of ${points(difference)} points (${points(low)} to ${points(high)} at any look, alpha ${rules.alpha})`;
}
