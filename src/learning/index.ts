/**
 * The statistics of learning from what people do: pure functions of counts and choices, without a clock, a
 * database or a model.
 *
 * ```ts
 * const propensities = computePropensities(arms, 0.02);
 * const chosen = draw(propensities, createRandom(seed));
 * ```
 */
export {
  earnedOf,
  judgeCanary,
  type CanaryEvidence,
  type CanaryVerdict,
  type Earned,
  type ProductSums,
} from './canary.ts';
export { computePropensities, draw, type Arm } from './policy.ts';
export { fitRatePrior, learnFromCounts, type Counts, type RatePrior } from './rates.ts';
export {
  expectRate,
  fitScorePrior,
  priorOf,
  UNTRIED,
  type ScoredCounts,
  type ScorePrior,
} from './score-prior.ts';
export { compareValues, estimateValue, type LoggedChoice, type PolicyValue } from './value.ts';
