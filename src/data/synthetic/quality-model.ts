/**
 * The law of the synthetic records, and the exact limit that it sets to every classifier.
 *
 * A record has a latent quality q. Its description holds n cues, each praising with probability praise(q) and
 * criticising otherwise, independently of each other; how a cue is put into words does not depend on q. Its
 * rating is drawn from a table of q. So a text tells about its rating exactly what (n, number of praising
 * cues) tells, and the Bayes classifier is an enumeration.
 */
export interface Quality {
  name: string;
  share: number;
  /** Probability that one cue praises. */
  praise: number;
  /** Around which the ratings lie. */
  rating: number;
}

export interface QualityModel {
  qualities: readonly Quality[];
  cueCounts: readonly { count: number; share: number }[];
  rating: {
    min: number;
    max: number;
    step: number;
    /** Standard deviation of the ratings around their centre. */
    deviation: number;
    /** Share of ratings that have nothing to do with the quality: uniform over the scale. */
    arbitrary: number;
  };
}

export const QUALITY_MODEL: QualityModel = {
  qualities: [
    { name: 'poor', share: 0.2, praise: 0.03, rating: 2.4 },
    { name: 'fair', share: 0.21, praise: 0.07, rating: 2.9 },
    { name: 'good', share: 0.32, praise: 0.94, rating: 4.1 },
    { name: 'excellent', share: 0.27, praise: 0.97, rating: 4.6 },
  ],
  cueCounts: [
    { count: 4, share: 0.5 },
    { count: 5, share: 0.5 },
  ],
  rating: { min: 2, max: 5, step: 0.1, deviation: 0.3, arbitrary: 0.16 },
};

/** The ratings of the scale, each the nearest double of its decimal: 2, 2.1, ... 5. */
export function listRatings(model: QualityModel): number[] {
  const { min, max, step } = model.rating;
  const count = Math.round((max - min) / step) + 1;
  return Array.from({ length: count }, (_, i) => Number((min + i * step).toFixed(6)));
}

/** P(rating | quality) over `listRatings`, summing to 1. */
export function ratingTable(model: QualityModel, quality: Quality): number[] {
  const ratings = listRatings(model);
  const { deviation, arbitrary } = model.rating;
  const bell = ratings.map((rating) => Math.exp(-0.5 * ((rating - quality.rating) / deviation) ** 2));
  const total = bell.reduce((sum, weight) => sum + weight, 0);
  return bell.map((weight) => (1 - arbitrary) * (weight / total) + arbitrary / ratings.length);
}

/**
 * What any classifier of the label `rating >= threshold` can reach; all values are exact for the law, in [0,
 * 1].
 */
export interface BayesLimit {
  accuracy: number;
  /** Accuracy of always answering the more frequent label. */
  majorityAccuracy: number;
  positiveShare: number;
  threshold: number;
}

export function computeBayesLimit(model: QualityModel, threshold: number): BayesLimit {
  let accuracy = 0;
  let positiveShare = 0;
  for (const evidence of listEvidence(model, threshold)) {
    accuracy += Math.max(evidence.positive, evidence.negative);
    positiveShare += evidence.positive;
  }
  return { accuracy, majorityAccuracy: Math.max(positiveShare, 1 - positiveShare), positiveShare, threshold };
}

/**
 * P(label = 1 | a text of `count` cues of which `praising` praise); the share of positives for a text without
 * any.
 */
export function positivePosterior(
  model: QualityModel,
  threshold: number,
  count: number,
  praising: number,
): number {
  let positive = 0;
  let all = 0;
  for (const { quality, reach } of reachOf(model, threshold)) {
    const joint = quality.share * binomial(count, praising, quality.praise);
    positive += joint * reach;
    all += joint;
  }
  return positive / all;
}

/** Every distinguishable text class with its joint probabilities; they sum to 1. */
function listEvidence(model: QualityModel, threshold: number) {
  const qualities = reachOf(model, threshold);
  return model.cueCounts.flatMap(({ count, share }) =>
    Array.from({ length: count + 1 }, (_, praising) => {
      let positive = 0;
      let negative = 0;
      for (const { quality, reach } of qualities) {
        const joint = quality.share * share * binomial(count, praising, quality.praise);
        positive += joint * reach;
        negative += joint * (1 - reach);
      }
      return { count, praising, positive, negative };
    }),
  );
}

/** Each quality with P(rating >= threshold | quality). */
function reachOf(model: QualityModel, threshold: number): { quality: Quality; reach: number }[] {
  const ratings = listRatings(model);
  return model.qualities.map((quality) => ({
    quality,
    reach: ratingTable(model, quality).reduce(
      (sum, p, i) => sum + ((ratings[i] ?? 0) >= threshold ? p : 0),
      0,
    ),
  }));
}

function binomial(n: number, k: number, p: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i += 1) ways = (ways * (n - k + i)) / i;
  return ways * p ** k * (1 - p) ** (n - k);
}
