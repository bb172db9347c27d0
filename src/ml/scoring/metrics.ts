/** What a binary classifier's probabilities are worth, each row counted by its weight. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { logLossOf } from '../../core/log-loss.ts';

export const metricsSchema = z.object({
  accuracy: z.number(),
  /** Of the rows predicted positive, the share that is; 0 when none is predicted so. */
  precision: z.number(),
  /** Of the positive rows, the share predicted so; 0 when there is none. */
  recall: z.number(),
  f1: z.number(),
  /**
   * Chance that a positive row outranks a negative one, ties counting half; 0.5 when one class is missing.
   */
  rocAuc: z.number(),
  /** Mean negative log likelihood, natural logarithm. */
  logLoss: z.number(),
  /** Guo et al. 2017: mean gap between confidence and accuracy over ten equal bins of confidence. */
  expectedCalibrationError: z.number(),
  /** Accuracy of always naming the more frequent class. */
  majorityAccuracy: z.number(),
  rows: z.int(),
  positives: z.int(),
});
export type ClassificationMetrics = z.infer<typeof metricsSchema>;

/** Those that say how good a classifier is. */
export const METRIC_NAMES = metricsSchema.omit({ rows: true, positives: true }).keyof().options;

const CALIBRATION_BINS = 10;

interface Scored {
  probability: number;
  label: 0 | 1;
  weight: number;
}

/**
 * @param probabilities of the positive class, one per row, 0 to 1
 * @param threshold a row is predicted positive from this probability on
 */
export function computeMetrics(
  probabilities: ArrayLike<number>,
  labels: readonly (0 | 1)[],
  weights?: readonly number[],
  threshold = 0.5,
): ClassificationMetrics {
  const rows = collectRows(probabilities, labels, weights);
  const totalWeight = sumBy(rows, (row) => row.weight);
  const predicted = (row: Scored): 0 | 1 => (row.probability >= threshold ? 1 : 0);
  const weightWhere = (condition: (row: Scored) => boolean): number =>
    sumBy(rows, (row) => (condition(row) ? row.weight : 0));

  const positiveWeight = weightWhere((row) => row.label === 1);
  const predictedPositive = weightWhere((row) => predicted(row) === 1);
  const truePositive = weightWhere((row) => predicted(row) === 1 && row.label === 1);
  const precision = ratio(truePositive, predictedPositive);
  const recall = ratio(truePositive, positiveWeight);
  return {
    accuracy: weightWhere((row) => predicted(row) === row.label) / totalWeight,
    precision,
    recall,
    f1: ratio(2 * precision * recall, precision + recall),
    rocAuc: rocAuc(rows),
    logLoss: sumBy(rows, (row) => row.weight * logLossOf(row.probability, row.label)) / totalWeight,
    expectedCalibrationError: calibrationError(rows, threshold),
    majorityAccuracy: Math.max(positiveWeight, totalWeight - positiveWeight) / totalWeight,
    rows: rows.length,
    positives: labels.reduce((count: number, label) => count + label, 0),
  };
}

function collectRows(
  probabilities: ArrayLike<number>,
  labels: readonly (0 | 1)[],
  weights: readonly number[] | undefined,
): Scored[] {
  if (labels.length === 0) throw new AppError('bad-data', 'there are no rows to compute metrics of');
  if (probabilities.length !== labels.length || (weights && weights.length !== labels.length)) {
    throw new AppError(
      'internal',
      `${probabilities.length} probabilities, ${labels.length} labels and ${weights?.length ?? 'no'} weights do not match`,
    );
  }
  return labels.map((label, index) => {
    const probability = probabilities[index] ?? Number.NaN;
    if (!(probability >= 0 && probability <= 1)) {
      throw new AppError('bad-model', `row ${index} was given the probability ${probability}`);
    }
    return { probability, label, weight: weights?.[index] ?? 1 };
  });
}

/** Area under the ROC curve by weighted ranks; rows of one probability are one step of the curve. */
function rocAuc(rows: readonly Scored[]): number {
  const ascending = rows.toSorted((a, b) => a.probability - b.probability);
  let negativesBelow = 0;
  let positives = 0;
  let area = 0;
  for (let start = 0; start < ascending.length;) {
    const { probability } = ascending[start] as Scored;
    let tiedPositives = 0;
    let tiedNegatives = 0;
    let end = start;
    for (; end < ascending.length && ascending[end]?.probability === probability; end += 1) {
      const { label, weight } = ascending[end] as Scored;
      if (label === 1) tiedPositives += weight;
      else tiedNegatives += weight;
    }
    area += tiedPositives * (negativesBelow + tiedNegatives / 2);
    positives += tiedPositives;
    negativesBelow += tiedNegatives;
    start = end;
  }
  return positives === 0 || negativesBelow === 0 ? 0.5 : area / (positives * negativesBelow);
}

function calibrationError(rows: readonly Scored[], threshold: number): number {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ weight: 0, confidence: 0, correct: 0 }));
  for (const row of rows) {
    const predictedPositive = row.probability >= threshold;
    const confidence = predictedPositive ? row.probability : 1 - row.probability;
    const index = Math.min(CALIBRATION_BINS - 1, Math.floor(confidence * CALIBRATION_BINS));
    const bin = bins[index] as (typeof bins)[number];
    bin.weight += row.weight;
    bin.confidence += row.weight * confidence;
    bin.correct += predictedPositive === (row.label === 1) ? row.weight : 0;
  }
  return sumBy(bins, (bin) => Math.abs(bin.confidence - bin.correct)) / sumBy(bins, (bin) => bin.weight);
}

function sumBy<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}

function ratio(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}
