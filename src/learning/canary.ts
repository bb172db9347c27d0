/**
 * Whether a challenger on trial earns more than the champion: evidence that may be looked at after every
 * event.
 */

/**
 * What one side has earned: the number of shown texts, and the sums of their rewards (each 0 to 1) and of the
 * rewards' squares.
 */
export interface Earned {
  shown: number;
  rewards: number;
  squares: number;
}

/** Sums over products: what each has earned and how often it was shown. */
export interface ProductSums {
  products: number;
  earned: number;
  shown: number;
  earnedSquares: number;
  shownSquares: number;
  earnedByShown: number;
}

/**
 * What one side has earned, with a spread that allows for products: their texts' rates differ, so shown texts
 * of one product are worth less than as many of different ones (the ratio estimator's variance by cluster).
 * Never less than of independent shows.
 */
export function earnedOf(sums: ProductSums): Earned {
  const { products, earned, shown } = sums;
  if (shown === 0) return { shown, rewards: 0, squares: 0 };
  const rate = earned / shown;
  const scattered = sums.earnedSquares - 2 * rate * sums.earnedByShown + rate * rate * sums.shownSquares;
  const variance = (Math.max(0, scattered) / shown ** 2) * (products > 1 ? products / (products - 1) : 1);
  return { shown, rewards: earned, squares: Math.max(earned, shown * (shown * variance + rate * rate)) };
}

export interface CanaryRules {
  /** Of promoting a challenger that is not better, and of rolling back one that is not worse. */
  alpha: number;
  /** Shown texts of both sides together at which the trial ends without a decision. */
  budget: number;
}

export type CanaryVerdict = 'promote' | 'roll-back' | 'undecided' | 'out-of-budget';

export interface CanaryEvidence {
  verdict: CanaryVerdict;
  /** Challenger's mean reward less the champion's, with bounds that hold at every look at once. */
  difference: number;
  low: number;
  high: number;
  /** Why it is still undecided; null otherwise. */
  because: string | null;
}

/** Rewards and missing rewards that each side needs before a normal approximation is worth anything. */
const LEAST_OF_EACH = 20;
/** The share of the budget at which the bounds are tightest. */
const TIGHTEST_AT = 0.25;

/**
 * An asymptotic confidence sequence on the difference of two means (Waudby-Smith, Arbour, Sinha, Kennedy and
 * Ramdas 2021, arXiv 2103.06476, theorem 2.2, each side at `alpha`). With too few rewards, or none missing,
 * it says so and decides nothing.
 */
export function judgeCanary(
  champion: Earned,
  challenger: Earned,
  { alpha, budget }: CanaryRules,
): CanaryEvidence {
  const shown = champion.shown + challenger.shown;
  const none = { difference: 0, low: -1, high: 1 };
  const ended = shown >= budget;
  const scarce = describeScarcity('champion', champion) ?? describeScarcity('challenger', challenger);
  if (scarce !== null)
    return {
      verdict: ended ? 'out-of-budget' : 'undecided',
      ...none,
      because: `not enough evidence: ${scarce}`,
    };
  const difference = mean(challenger) - mean(champion);
  const error = Math.sqrt(varianceOfMean(challenger) + varianceOfMean(champion));
  const half = error * boundary(shown, alpha, TIGHTEST_AT * budget);
  const bounds = { difference, low: difference - half, high: difference + half };
  if (bounds.low > 0) return { verdict: 'promote', ...bounds, because: null };
  if (bounds.high < 0) return { verdict: 'roll-back', ...bounds, because: null };
  return {
    verdict: ended ? 'out-of-budget' : 'undecided',
    ...bounds,
    because: 'not enough evidence: the bounds of the difference still hold 0',
  };
}

function describeScarcity(side: string, { shown, rewards }: Earned): string | null {
  if (rewards < LEAST_OF_EACH) return `${round(rewards)} rewards of the ${side}, ${LEAST_OF_EACH} are needed`;
  if (shown - rewards < LEAST_OF_EACH)
    return `${round(shown - rewards)} unrewarded texts of the ${side}, ${LEAST_OF_EACH} are needed`;
  return null;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const mean = ({ shown, rewards }: Earned): number => rewards / shown;

function varianceOfMean({ shown, rewards, squares }: Earned): number {
  return Math.max(0, squares / shown - (rewards / shown) ** 2) / shown;
}

/**
 * In standard errors, one-sided; about 2.9 at its tightest for alpha 0.05, and growing slowly on both sides
 * of it.
 */
export function boundary(events: number, alpha: number, tightestAt: number): number {
  const scaled = (events * tuning(alpha)) / Math.max(1, tightestAt);
  return Math.sqrt((2 * (scaled + 1) * Math.log(1 + Math.sqrt(scaled + 1) / (2 * alpha))) / scaled);
}

/**
 * The value of events * rho^2 at which the one-sided boundary is least, approximately (section 3.5 there,
 * with 2 alpha).
 */
const tuning = (alpha: number): number => -2 * Math.log(2 * alpha) + Math.log(-2 * Math.log(2 * alpha) + 1);
