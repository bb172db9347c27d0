/**
 * Which text goes out. Thompson sampling: a text is chosen as often as it is likely to be the best one, given
 * its prior and what was counted of it (Thompson 1933; Chapelle and Li 2011). The probabilities are computed
 * first and the choice is drawn from them, so what is stored as propensity is what the draw used.
 */
import type { Random } from '../core/random.ts';
import type { Counts, RatePrior } from './rates.ts';

export interface Arm extends Counts {
  prior: RatePrior;
}

const NODES = 96;
/** The grid reaches so many deviations beyond the means of the arms that can still win. */
const REACH = 5;

/**
 * The probability of each arm to have the highest rate. The logit of a Beta variable has the mean psi(a) -
 * psi(b) and the variance psi'(a) + psi'(b); it is taken for normal, which makes one sum over a grid of all
 * arms' densities and distribution functions.
 * @param floor least probability of each arm, at most 1 / arms.length
 * @returns one probability for each arm, summing to 1
 */
export function computePropensities(arms: readonly Arm[], floor: number): Float64Array {
  const count = arms.length;
  if (count < 2) return new Float64Array(count).fill(1);
  const means = new Float64Array(count);
  const deviations = new Float64Array(count);
  arms.forEach(({ prior, clicks, impressions }, i) => {
    const a = prior.mean * prior.strength + clicks;
    const b = (1 - prior.mean) * prior.strength + impressions - clicks;
    means[i] = digamma(a) - digamma(b);
    deviations[i] = Math.sqrt(trigamma(a) + trigamma(b));
  });
  const best = new Float64Array(count);
  const narrow = deviations.reduce((least, deviation) => Math.min(least, deviation), Infinity);
  const lowest = means.reduce(
    (most, mean, i) => Math.max(most, mean - REACH * (deviations[i] ?? 0)),
    -Infinity,
  );
  const highest = means.reduce(
    (most, mean, i) => Math.max(most, mean + REACH * (deviations[i] ?? 0)),
    -Infinity,
  );
  const nodes = Math.min(8 * NODES, Math.max(NODES, Math.ceil((3 * (highest - lowest)) / narrow)));
  const step = (highest - lowest) / nodes;
  const below = new Float64Array(count);
  const previous = new Float64Array(count);
  const cdf = (i: number, x: number): number => normalCdf((x - (means[i] ?? 0)) / (deviations[i] ?? 1));
  for (let i = 0; i < count; i += 1) previous[i] = cdf(i, lowest);
  for (let node = 1; node <= nodes; node += 1) {
    const x = lowest + node * step;
    let product = 1;
    for (let i = 0; i < count; i += 1) {
      below[i] = cdf(i, x);
      product *= ((below[i] ?? 0) + (previous[i] ?? 0)) / 2;
    }
    for (let i = 0; i < count; i += 1) {
      const middle = ((below[i] ?? 0) + (previous[i] ?? 0)) / 2;
      if (middle > 0) best[i] = (best[i] ?? 0) + (((below[i] ?? 0) - (previous[i] ?? 0)) * product) / middle;
      previous[i] = below[i] ?? 0;
    }
  }
  return withFloor(best, floor);
}

function withFloor(best: Float64Array, floor: number): Float64Array {
  const count = best.length;
  const least = Math.min(Math.max(0, floor), 1 / count);
  const sum = best.reduce((total, p) => total + p, 0);
  const share = (p: number): number => (sum > 0 ? p / sum : 1 / count);
  return best.map((p) => least + (1 - count * least) * share(p));
}

/** Draws one index by its probability. */
export function draw(propensities: Float64Array, random: Random): number {
  let left = random.next();
  for (let i = 0; i < propensities.length - 1; i += 1) {
    left -= propensities[i] ?? 0;
    if (left < 0) return i;
  }
  return propensities.length - 1;
}

/**
 * Abramowitz and Stegun 26.2.17, within 7.5e-8: a request waits for thousands of these, which an exact series
 * takes milliseconds for.
 */
export function normalCdf(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
  return z > 0 ? 1 - tail : tail;
}

/** Abramowitz and Stegun 6.3.18, after the recurrence has brought x to 6 or more. */
export function digamma(x: number): number {
  let [value, y] = [0, x];
  for (; y < 6; y += 1) value -= 1 / y;
  const r = 1 / (y * y);
  return value + Math.log(y) - 1 / (2 * y) - r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r / 240)));
}

/** Abramowitz and Stegun 6.4.12. */
export function trigamma(x: number): number {
  let [value, y] = [0, x];
  for (; y < 6; y += 1) value += 1 / (y * y);
  const r = 1 / (y * y);
  return value + 1 / y + r / 2 + (r / y) * (1 / 6 - r * (1 / 30 - r * (1 / 42 - r / 30)));
}
