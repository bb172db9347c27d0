/**
 * From the champion's score to the rate that a text may expect: fitted to past scores and what became of
 * them.
 */
import { fitStrength, type Counts, type RatePrior } from './rates.ts';

export interface ScoredCounts extends Counts {
  /** The champion's calibrated probability, between 0 and 1. */
  score: number;
}

/**
 * logit(rate) = intercept + slope * logit(score); the strength says in impressions how far that is to be
 * trusted.
 */
export interface ScorePrior {
  intercept: number;
  slope: number;
  strength: number;
}

/**
 * Before anything was counted: worth a few impressions. What scores mean for people is not known yet, so they
 * lead little: texts drawn almost evenly teach more than those that a mistaken score likes.
 */
export const UNTRIED: ScorePrior = { intercept: 0, slope: 0.3, strength: 4 };

const RIDGE = 1;
/**
 * With fewer texts the score's order is kept: a handful of them would turn the ranking of all others round.
 */
const LEAST_TEXTS = 30;
const ITERATIONS = 25;
const EDGE = 1e-4;

export const logit = (p: number): number => Math.log(p / (1 - p));
export const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const inside = (p: number): number => Math.min(1 - EDGE, Math.max(EDGE, p));

/**
 * Logistic regression of clicks on the score's logit (Newton's method), with a ridge that pulls the slope to
 * 1 where scores are few or all alike; then the strength by the beta-binomial likelihood around what it
 * expects.
 */
export function fitScorePrior(texts: readonly ScoredCounts[]): ScorePrior {
  const seen = texts.filter(({ impressions }) => impressions > 0);
  if (seen.length === 0) return UNTRIED;
  const isEnough = seen.length >= LEAST_TEXTS;
  let [intercept, slope] = [0, 1];
  for (let round = 0; round < ITERATIONS; round += 1) {
    let [g0, g1, h00, h01, h11] = [0, RIDGE * (1 - slope), 1e-9, 0, RIDGE];
    for (const { score, clicks, impressions } of seen) {
      const x = logit(inside(score));
      const p = sigmoid(intercept + slope * x);
      const residual = clicks - impressions * p;
      const weight = impressions * p * (1 - p);
      g0 += residual;
      g1 += isEnough ? residual * x : 0;
      h00 += weight;
      h01 += isEnough ? weight * x : 0;
      h11 += isEnough ? weight * x * x : 0;
    }
    const determinant = h00 * h11 - h01 * h01;
    if (determinant < 1e-12) break;
    // A step of at most 2 keeps a start far from the peak, as with a rate of nearly 0, from running away.
    const [d0, d1] = [(h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant];
    const shrink = Math.min(1, 2 / Math.max(Math.abs(d0), Math.abs(d1), 1e-12));
    intercept += shrink * d0;
    slope += shrink * d1;
    if (Math.max(Math.abs(d0), Math.abs(d1)) < 1e-8) break;
  }
  const expected = { intercept, slope, strength: 1 };
  const strength = fitStrength(seen.map((text) => ({ ...text, mean: expectRate(text.score, expected) })));
  return { intercept, slope, strength };
}

/** What a text of this score may expect, kept off 0 and 1. */
export function expectRate(score: number, { intercept, slope }: ScorePrior): number {
  return inside(sigmoid(intercept + slope * logit(inside(score))));
}

export function priorOf(score: number, prior: ScorePrior): RatePrior {
  return { mean: expectRate(score, prior), strength: prior.strength };
}
