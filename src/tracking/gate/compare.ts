/** Two models measured on the same held-out rows: what the gate's rules judge by. */
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { logLossOf } from '../../core/log-loss.ts';
import { bootstrapGain, testMcNemar, type BootstrapInterval, type McNemar } from './paired-tests.ts';

export interface GateModel {
  /** As reports call it: `copy-quality version 3`, `candidate head`. */
  name: string;
  /** Probability of label 1, a row each. */
  probabilities: ArrayLike<number>;
  /** Content digests of the rows it was trained on. */
  trainedOn: ReadonlySet<string>;
}

export interface GateInput {
  /** 0 or 1, a held-out row each; everything below is in the same order. */
  labels: ArrayLike<number>;
  /**
   * Probability that the label is 1, where evidence leaves it open: a row counts as right by as much as it
   * is. Default: the labels.
   */
  targets?: ArrayLike<number>;
  rowDigests: readonly string[];
  /**
   * Segment value of each row by name of the segmentation: `{ category: ['Books', ...], textLength: ['short',
   * ...] }`.
   */
  segments: Readonly<Record<string, readonly string[]>>;
  challenger: GateModel;
  /** null: the challenger is judged against the more frequent class. */
  champion: GateModel | null;
  /** What both would have earned on served texts; absent where `gate.value` does not ask. */
  value?: GateValue | undefined;
  /** Whether what wins goes on trial as a canary, in place of being promoted. */
  takesTrial?: boolean;
  rules: Config['gate'];
  /** Seed of the bootstrap. */
  seed: number;
}

export interface GateScores {
  name: string;
  accuracy: number;
  /** null for the majority class, which gives no probabilities. */
  logLoss: number | null;
}

export interface GateSegment {
  segmentation: string;
  value: string;
  rows: number;
  challengerAccuracy: number;
  baselineAccuracy: number;
  /** False when it has fewer than `segments.minimumRows` rows: shown only. */
  isJudged: boolean;
  isWorse: boolean;
}

export interface GateValue {
  /** What texts were judged by: clicks, conversions or verdicts. */
  reward: string;
  /** Why the log of served texts says nothing; null where it does. */
  because: string | null;
  /** Doubly robust, per trial; the bounds of the difference hold at every look. */
  figures: {
    challenger: number;
    champion: number;
    choices: number;
    difference: number;
    low: number;
    high: number;
  } | null;
}

export interface GateComparison {
  rows: number;
  leakedRows: number;
  baselineKind: 'champion' | 'majority-class';
  challenger: GateScores;
  baseline: GateScores;
  gain: number;
  mcnemar: McNemar;
  bootstrap: BootstrapInterval;
  segments: GateSegment[];
  /** Absent where `gate.value` did not ask. */
  value?: GateValue;
}

/**
 * @throws AppError `bad-model` when a model gave something that is no probability, `internal` when lengths
 *   differ
 */
export function compareModels(input: GateInput): GateComparison {
  checkLengths(input);
  const { labels, targets = labels, challenger, champion, rowDigests, rules, seed } = input;
  const rows = labels.length;
  const positives = Array.from(labels).filter((label) => label === 1).length;
  const majority = positives * 2 >= rows ? 1 : 0;
  const challengerCorrect = markCorrect(targets, (row) => toClass(challenger.probabilities[row]));
  const baselineCorrect = markCorrect(targets, (row) =>
    champion === null ? majority : toClass(champion.probabilities[row]),
  );
  const gains = challengerCorrect.map((correct, row) => correct - (baselineCorrect[row] ?? 0));
  const leaked = rowDigests.filter(
    (digest) => challenger.trainedOn.has(digest) || champion?.trainedOn.has(digest) === true,
  );
  const accuracy = (correct: Float64Array): number => (rows === 0 ? 0 : sum(correct) / rows);
  return {
    rows,
    leakedRows: leaked.length,
    baselineKind: champion === null ? 'majority-class' : 'champion',
    challenger: {
      name: challenger.name,
      accuracy: accuracy(challengerCorrect),
      logLoss: logLoss(targets, challenger.probabilities),
    },
    baseline: {
      name: champion?.name ?? `the majority class (always ${majority})`,
      accuracy: accuracy(baselineCorrect),
      logLoss: champion === null ? null : logLoss(targets, champion.probabilities),
    },
    // Of the counts, so that equal models differ by exactly 0.
    gain: rows === 0 ? 0 : sum(gains) / rows,
    mcnemar: testMcNemar(gains.filter((gain) => gain > 0).length, gains.filter((gain) => gain < 0).length),
    bootstrap: bootstrapGain(gains, 1 - rules.significance.alpha, seed),
    segments: compareSegments(input, challengerCorrect, baselineCorrect),
    ...(input.value !== undefined && { value: input.value }),
  };
}

function compareSegments(input: GateInput, challenger: Float64Array, baseline: Float64Array): GateSegment[] {
  const { minimumRows, tolerance } = input.rules.segments;
  return Object.entries(input.segments).flatMap(([segmentation, values]) => {
    const rowsOf = new Map<string, number[]>();
    values.forEach((value, row) => {
      const rows = rowsOf.get(value);
      if (rows === undefined) rowsOf.set(value, [row]);
      else rows.push(row);
    });
    return [...rowsOf].toSorted(byName).map(([value, rows]): GateSegment => {
      const countCorrect = (correct: Float64Array): number =>
        rows.reduce((total, row) => total + (correct[row] ?? 0), 0);
      const lost = (countCorrect(baseline) - countCorrect(challenger)) / rows.length;
      const isJudged = rows.length >= minimumRows;
      return {
        segmentation,
        value,
        rows: rows.length,
        challengerAccuracy: countCorrect(challenger) / rows.length,
        baselineAccuracy: countCorrect(baseline) / rows.length,
        isJudged,
        isWorse: isJudged && lost > tolerance,
      };
    });
  });
}

function checkLengths({ labels, targets, rowDigests, segments, challenger, champion }: GateInput): void {
  const rows = labels.length;
  const lengths = [
    rowDigests.length,
    targets?.length ?? rows,
    ...Object.values(segments).map((values) => values.length),
  ];
  if (lengths.some((length) => length !== rows))
    throw new AppError(
      'internal',
      `the gate was given ${rows} labels, but digests, targets or segments of ${lengths.join(', ')} rows`,
    );
  for (const model of [challenger, champion]) {
    if (model === null) continue;
    if (model.probabilities.length !== rows)
      throw new AppError(
        'internal',
        `${model.name} scored ${model.probabilities.length} of ${rows} held-out rows`,
      );
    for (let row = 0; row < rows; row += 1) {
      const probability = model.probabilities[row] ?? Number.NaN;
      if (!(probability >= 0 && probability <= 1))
        throw new AppError(
          'bad-model',
          `${model.name} gave ${probability} for held-out row ${row}: not a probability`,
        );
    }
  }
}

/** 1 for each row that is predicted as it is labelled; how likely that is, where it is open. */
function markCorrect(targets: ArrayLike<number>, predict: (row: number) => number): Float64Array {
  return Float64Array.from({ length: targets.length }, (_, row) => {
    const target = targets[row] ?? 0;
    return predict(row) === 1 ? target : 1 - target;
  });
}

function toClass(probability: number | undefined): number {
  return probability !== undefined && probability >= 0.5 ? 1 : 0;
}

function logLoss(targets: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let total = 0;
  for (let row = 0; row < targets.length; row += 1) {
    const [target, probability] = [targets[row] ?? 0, probabilities[row] ?? 0];
    if (target > 0) total += target * logLossOf(probability, 1);
    if (target < 1) total += (1 - target) * logLossOf(probability, 0);
  }
  return targets.length === 0 ? 0 : total / targets.length;
}

/** Free of what floating point leaves behind the ninth digit: that would be a gain of nobody. */
function sum(values: Float64Array): number {
  return Math.round(values.reduce((total, value) => total + value, 0) * 1e9) / 1e9;
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}
