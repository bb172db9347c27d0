/** Two classifiers on the same rows: McNemar's test and a bootstrap interval of the gain. */
import { createRandom } from '../../core/random.ts';

export interface McNemar {
  /** Rows that only the challenger got right, and only the baseline. */
  challengerOnly: number;
  baselineOnly: number;
  /**
   * Two-sided: the exact conditional test, and its mid-p form, which keeps the level without being as timid
   * (Fagerland et al. 2013).
   */
  exactP: number;
  midP: number;
}

export function testMcNemar(challengerOnly: number, baselineOnly: number): McNemar {
  const trials = challengerOnly + baselineOnly;
  const fewer = Math.min(challengerOnly, baselineOnly);
  if (trials === 0) return { challengerOnly, baselineOnly, exactP: 1, midP: 1 };
  const logHalf = trials * Math.LN2;
  let logPmf = -logHalf;
  let tail = 0;
  let last = 0;
  for (let k = 0; k <= fewer; k += 1) {
    if (k > 0) logPmf += Math.log((trials - k + 1) / k);
    last = Math.exp(logPmf);
    tail += last;
  }
  // In the middle of the distribution the doubled tail passes 1 by the middle term.
  const exactP = Math.min(1, 2 * tail);
  const midP = challengerOnly === baselineOnly ? 1 - last / 2 : Math.min(1, 2 * tail - last);
  return { challengerOnly, baselineOnly, exactP, midP };
}

export interface BootstrapInterval {
  low: number;
  high: number;
  /** Share of resamples whose gain is not above 0. */
  notBetter: number;
  confidence: number;
  resamples: number;
  seed: number;
}

const MAX_RESAMPLES = 2000;
const MIN_RESAMPLES = 200;
const MAX_DRAWS = 40_000_000;

/** Percentile interval of the mean of `gains` (from -1 to 1 a row), rows drawn with replacement. */
export function bootstrapGain(gains: ArrayLike<number>, confidence: number, seed: number): BootstrapInterval {
  const rows = gains.length;
  const resamples = Math.max(
    MIN_RESAMPLES,
    Math.min(MAX_RESAMPLES, Math.floor(MAX_DRAWS / Math.max(1, rows))),
  );
  const random = createRandom(seed);
  const means = new Float64Array(resamples);
  for (let sample = 0; sample < resamples; sample += 1) {
    let sum = 0;
    for (let draw = 0; draw < rows; draw += 1) sum += gains[random.below(rows)] ?? 0;
    means[sample] = rows === 0 ? 0 : sum / rows;
  }
  means.sort();
  const at = (share: number): number => means[Math.round(share * (resamples - 1))] ?? 0;
  const outside = (1 - confidence) / 2;
  const notBetter = means.filter((mean) => mean <= 0).length / resamples;
  return { low: at(outside), high: at(1 - outside), notBetter, confidence, resamples, seed };
}
