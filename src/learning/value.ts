/** What another way of choosing would have earned, from a log of choices with their propensities. */
import { boundary } from './canary.ts';

export interface LoggedChoice {
  /** Probability with which the logged policy chose what it chose; above 0. */
  propensity: number;
  /** Between 0 and 1. */
  reward: number;
  /** Probability with which the judged policy would have chosen the same. */
  probability: number;
  /**
   * What the direct model expects of the choice that was made, and of the judged policy's choices on average.
   */
  expectedOfChoice: number;
  expectedOfPolicy: number;
}

export interface PolicyValue {
  /**
   * Inverse propensity score (Horvitz and Thompson 1952), self-normalised (Swaminathan and Joachims 2015),
   * doubly robust (Dudik et al. 2011).
   */
  ips: number;
  snips: number;
  dr: number;
  /**
   * Choices that the log is worth under the judged policy (Kish): their number when both policies are one.
   */
  effectiveSize: number;
  choices: number;
  /** Holds at every look at once, however often one looks. */
  interval: { low: number; high: number; confidence: number };
}

/** @param choices in the order in which they were made; at least one */
export function estimateValue(choices: readonly LoggedChoice[], confidence = 0.95): PolicyValue {
  const count = choices.length;
  let [weights, squares, weighted, robust] = [0, 0, 0, 0];
  for (const choice of choices) {
    const { propensity, reward, probability } = choice;
    const weight = probability / propensity;
    weights += weight;
    squares += weight * weight;
    weighted += weight * reward;
    robust += robustReward(choice);
  }
  return {
    ips: weighted / count,
    snips: weights > 0 ? weighted / weights : 0,
    dr: robust / count,
    effectiveSize: squares > 0 ? weights ** 2 / squares : 0,
    choices: count,
    interval: { ...boundValue(choices, (1 - confidence) / 2), confidence },
  };
}

/** Choices after which the bounds of a difference are tightest. */
const TIGHTEST_AT = 1000;

/**
 * How much more the first policy would have earned than the second, doubly robust, choice by choice of the
 * same log: what both have in common cancels out. The bounds hold at every look at once, asymptotically.
 */
export function compareValues(
  first: readonly LoggedChoice[],
  second: readonly LoggedChoice[],
  confidence = 0.95,
): { difference: number; low: number; high: number } {
  const gains = first.map((choice, at) => robustReward(choice) - robustReward(second[at] ?? choice));
  const count = gains.length;
  const difference = gains.reduce((sum, gain) => sum + gain, 0) / count;
  const variance = gains.reduce((sum, gain) => sum + (gain - difference) ** 2, 0) / count;
  const half = Math.sqrt(variance / count) * boundary(count, (1 - confidence) / 2, TIGHTEST_AT);
  return { difference, low: difference - half, high: difference + half };
}

function robustReward({
  propensity,
  probability,
  reward,
  expectedOfChoice,
  expectedOfPolicy,
}: LoggedChoice): number {
  return expectedOfPolicy + (probability / propensity) * (reward - expectedOfChoice);
}

/** What is earned is never below 0; nor is what is missed, so an upper bound is 1 less a lower one. */
function boundValue(choices: readonly LoggedChoice[], alpha: number): { low: number; high: number } {
  const earned = choices.map(({ propensity, probability, reward }) => (probability / propensity) * reward);
  const missed = choices.map(
    ({ propensity, probability, reward }) => (probability / propensity) * (1 - reward),
  );
  const [low, high] = [boundMeanBelow(earned, alpha), 1 - boundMeanBelow(missed, alpha)];
  return { low: Math.max(0, low), high: Math.min(1, Math.max(low, high)) };
}

const LARGEST_BET = 0.9;

/**
 * A lower confidence sequence for the mean of values that are never below 0 and have no upper bound, as
 * importance weights have none: the largest of the lower bounds so far (Waudby-Smith, Wu, Ramdas,
 * Karampatziakis and Mineiro 2022, "Anytime-valid off-policy inference", predictable mixtures of the
 * empirical Bernstein kind).
 * @returns the bound after the last value; with probability 1 - alpha the mean is above it at every length at
 *   once
 */
export function boundMeanBelow(values: readonly number[], alpha: number): number {
  const goal = Math.log(1 / alpha);
  let [bets, betValues, cost, sum, spread, best] = [0, 0, 0, 0, 0, 0];
  values.forEach((value, index) => {
    const seen = index;
    // Both are of the values before this one, so that the bet on it is placed before it is seen.
    const mean = Math.min(1, (0.5 + sum) / (seen + 1));
    const variance = (0.25 + spread) / (seen + 1);
    const bet = Math.min(LARGEST_BET, Math.sqrt((2 * goal) / (variance * (seen + 1) * Math.log(seen + 2))));
    bets += bet;
    betValues += bet * value;
    cost += (-Math.log(1 - bet) - bet) * (value - mean) ** 2;
    best = Math.max(best, (betValues - goal - cost) / bets);
    sum += value;
    spread += (value - (0.5 + sum) / (seen + 2)) ** 2;
  });
  return best;
}
