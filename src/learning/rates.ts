/**
 * What counts say of a text: clicks per impression, shrunk towards what the texts of its field usually earn.
 * Empirical Bayes: the prior is fitted to all texts of a field, so that three clicks of ten impressions
 * convince nobody.
 */
import jstat from 'jstat';
import { maximize } from './maximize.ts';

const { ibeta, gammaln } = jstat.jStat;

export interface Counts {
  /** Rewards: clicks, conversions or accepted texts; from 0 to `impressions`. */
  clicks: number;
  impressions: number;
}

/** A Beta distribution by its mean and by how many impressions it is worth. */
export interface RatePrior {
  /** Between 0 and 1, neither of them. */
  mean: number;
  strength: number;
}

const MIN_STRENGTH = 1;
const MAX_STRENGTH = 1e6;

/**
 * The prior of a field: its pooled rate, and the strength under which the texts' counts are likeliest
 * (beta-binomial). Defined for any counts: all zero, all one, a single text, none.
 */
export function fitRatePrior(texts: readonly Counts[]): RatePrior {
  const clicks = texts.reduce((sum, text) => sum + earned(text), 0);
  const impressions = texts.reduce((sum, text) => sum + text.impressions, 0);
  const mean = (clicks + 0.5) / (impressions + 1);
  return { mean, strength: fitStrength(texts.map((text) => ({ ...text, mean }))) };
}

/**
 * The strength under which counts around known means are likeliest; equal means make it large, scattered ones
 * small.
 */
export function fitStrength(texts: readonly (Counts & { mean: number })[]): number {
  const likelihood = (logStrength: number): number => {
    const strength = Math.exp(logStrength);
    return texts.reduce((sum, text) => sum + logBetaBinomial(text, text.mean, strength), 0);
  };
  return Math.exp(maximize(likelihood, Math.log(MIN_STRENGTH), Math.log(MAX_STRENGTH)));
}

/** Up to the binomial coefficient, which no parameter changes. */
function logBetaBinomial(text: Counts, mean: number, strength: number): number {
  const clicks = earned(text);
  const a = mean * strength;
  const b = (1 - mean) * strength;
  return logBeta(a + clicks, b + text.impressions - clicks) - logBeta(a, b);
}

/** Counts that were stored before they were checked may have more clicks than impressions. */
const earned = ({ clicks, impressions }: Counts): number => Math.min(clicks, impressions);

const logBeta = (a: number, b: number): number => gammaln(a) + gammaln(b) - gammaln(a + b);

export interface Lesson {
  /**
   * Probability that the text's rate is above the usual one of its field: what a classifier is to learn. 0 to
   * 1.
   */
  target: number;
  /** How much of `maxWeight` the evidence is worth: the share of the posterior that is data. 0 to 1. */
  share: number;
}

/** What a text's counts teach, under its field's prior. No impressions teach nothing: the share is 0. */
export function learnFromCounts(text: Counts, prior: RatePrior): Lesson {
  const { impressions } = text;
  const clicks = earned(text);
  const a = prior.mean * prior.strength + clicks;
  const b = (1 - prior.mean) * prior.strength + impressions - clicks;
  return {
    target: 1 - ibeta(prior.mean, a, b),
    share: impressions / (impressions + prior.strength),
  };
}
