/**
 * The gate between training and serving: a pure function of two models' scores on the same held-out rows. It promotes only what is
 * strictly better, and every rule that speaks against the challenger is named, not only the first.
 */
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { percent } from '../../core/html-page.ts';
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
  rowDigests: readonly string[];
  /** Segment value of each row by name of the segmentation: `{ category: ['Books', ...], textLength: ['short', ...] }`. */
  segments: Readonly<Record<string, readonly string[]>>;
  challenger: GateModel;
  /** null: the challenger is judged against the more frequent class. */
  champion: GateModel | null;
  rules: Config['gate'];
  /** Seed of the bootstrap. */
  seed: number;
}

export const GATE_DECISIONS = ['promote', 'refuse', 'pending-approval'] as const;
export type GateDecision = (typeof GATE_DECISIONS)[number];

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
}

export interface GateReport {
  decision: GateDecision;
  /** Sentences; for a refusal one for each rule that was not met. */
  reasons: string[];
  comparison: GateComparison;
  rules: Config['gate'];
}

/** @throws AppError `bad-model` when a model gave something that is no probability, `internal` when lengths differ */
export function decideGate(input: GateInput): GateReport {
  checkLengths(input);
  const comparison = compare(input);
  const objections = findObjections(comparison, input.rules);
  const summary = summarise(comparison);
  if (objections.length > 0)
    return { decision: 'refuse', reasons: [...objections, summary], comparison, rules: input.rules };
  if (input.rules.approval === 'required') {
    const reasons = [summary, 'Every rule is met; gate.approval is required, so a person has to approve.'];
    return { decision: 'pending-approval', reasons, comparison, rules: input.rules };
  }
  return { decision: 'promote', reasons: [summary], comparison, rules: input.rules };
}

function compare(input: GateInput): GateComparison {
  const { labels, challenger, champion, rowDigests, rules, seed } = input;
  const rows = labels.length;
  const positives = Array.from(labels).filter((label) => label === 1).length;
  const majority = positives * 2 >= rows ? 1 : 0;
  const challengerRight = rightness(labels, (row) => toClass(challenger.probabilities[row]));
  const baselineRight = rightness(labels, (row) =>
    champion === null ? majority : toClass(champion.probabilities[row]),
  );
  const gains = challengerRight.map((right, row) => right - (baselineRight[row] ?? 0));
  const leaked = rowDigests.filter(
    (digest) => challenger.trainedOn.has(digest) || champion?.trainedOn.has(digest) === true,
  );
  const accuracy = (right: Int8Array): number => (rows === 0 ? 0 : sum(right) / rows);
  return {
    rows,
    leakedRows: leaked.length,
    baselineKind: champion === null ? 'majority-class' : 'champion',
    challenger: {
      name: challenger.name,
      accuracy: accuracy(challengerRight),
      logLoss: logLoss(labels, challenger.probabilities),
    },
    baseline: {
      name: champion?.name ?? `the majority class (always ${majority})`,
      accuracy: accuracy(baselineRight),
      logLoss: champion === null ? null : logLoss(labels, champion.probabilities),
    },
    // Of the counts, so that equal models differ by exactly 0.
    gain: rows === 0 ? 0 : sum(gains) / rows,
    mcnemar: testMcNemar(gains.filter((gain) => gain > 0).length, gains.filter((gain) => gain < 0).length),
    bootstrap: bootstrapGain(gains, 1 - rules.significance.alpha, seed),
    segments: compareSegments(input, challengerRight, baselineRight),
  };
}

function compareSegments(input: GateInput, challenger: Int8Array, baseline: Int8Array): GateSegment[] {
  const { minimumRows, tolerance } = input.rules.segments;
  return Object.entries(input.segments).flatMap(([segmentation, values]) => {
    const rowsOf = new Map<string, number[]>();
    values.forEach((value, row) => {
      const rows = rowsOf.get(value);
      if (rows === undefined) rowsOf.set(value, [row]);
      else rows.push(row);
    });
    return [...rowsOf].toSorted(byName).map(([value, rows]): GateSegment => {
      const rightOf = (right: Int8Array): number => rows.reduce((total, row) => total + (right[row] ?? 0), 0);
      const lost = (rightOf(baseline) - rightOf(challenger)) / rows.length;
      const isJudged = rows.length >= minimumRows;
      return {
        segmentation,
        value,
        rows: rows.length,
        challengerAccuracy: rightOf(challenger) / rows.length,
        baselineAccuracy: rightOf(baseline) / rows.length,
        isJudged,
        isWorse: isJudged && lost > tolerance,
      };
    });
  });
}

function findObjections(comparison: GateComparison, rules: Config['gate']): string[] {
  const { rows, leakedRows, gain, mcnemar, challenger, baseline, baselineKind, segments } = comparison;
  const objections: string[] = [];
  if (leakedRows > 0)
    objections.push(
      `The holdout is leaked: ${leakedRows} of its ${rows} rows were trained on by one of the models, so it proves nothing.`,
    );
  if (rows < rules.minimumHoldoutRows)
    objections.push(
      `The holdout is too small: ${rows} rows, gate.minimumHoldoutRows asks for ${rules.minimumHoldoutRows}.`,
    );
  if (baselineKind === 'majority-class' && gain <= 0)
    objections.push(
      `There is no champion yet, and ${challenger.name} does not beat ${baseline.name}: ${percent(challenger.accuracy)} against ${percent(baseline.accuracy)}.`,
    );
  if (baselineKind === 'champion' && gain <= rules.minimumGain)
    objections.push(
      `${challenger.name} gains ${points(gain)} on ${baseline.name}; more than ${points(rules.minimumGain)} is needed (gate.minimumGain).`,
    );
  if (rules.significance.enabled && (gain <= 0 || mcnemar.midP >= rules.significance.alpha))
    objections.push(
      `The gain is not significant: McNemar's mid-p is ${mcnemar.midP.toPrecision(3)}, below ${rules.significance.alpha} is needed (gate.significance).`,
    );
  if (rules.segments.enabled && baselineKind === 'champion') {
    for (const segment of segments.filter((one) => one.isWorse))
      objections.push(
        `${segment.segmentation} ${segment.value} becomes worse: ${percent(segment.challengerAccuracy)} after ${percent(segment.baselineAccuracy)} on ${segment.rows} rows (gate.segments.tolerance ${points(rules.segments.tolerance)}).`,
      );
  }
  return objections;
}

function summarise({ challenger, baseline, rows, gain, mcnemar, bootstrap }: GateComparison): string {
  const interval = `${points(bootstrap.low)} to ${points(bootstrap.high)}`;
  return `${challenger.name} is right on ${percent(challenger.accuracy)} of ${rows} held-out rows, ${baseline.name} on ${percent(baseline.accuracy)}: a gain of ${points(gain)} (${Math.round(bootstrap.confidence * 100)} % interval ${interval}, McNemar exact p ${mcnemar.exactP.toPrecision(3)}).`;
}

function checkLengths({ labels, rowDigests, segments, challenger, champion }: GateInput): void {
  const rows = labels.length;
  const lengths = [rowDigests.length, ...Object.values(segments).map((values) => values.length)];
  if (lengths.some((length) => length !== rows))
    throw new AppError(
      'internal',
      `the gate was given ${rows} labels, but digests or segments of ${lengths.join(', ')} rows`,
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

function rightness(labels: ArrayLike<number>, predict: (row: number) => number): Int8Array {
  return Int8Array.from({ length: labels.length }, (_, row) => (predict(row) === labels[row] ? 1 : 0));
}

function toClass(probability: number | undefined): number {
  return probability !== undefined && probability >= 0.5 ? 1 : 0;
}

function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  let total = 0;
  for (let row = 0; row < labels.length; row += 1) {
    total += logLossOf(probabilities[row] ?? 0, labels[row] === 1 ? 1 : 0);
  }
  return labels.length === 0 ? 0 : total / labels.length;
}

function sum(values: Int8Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function points(share: number): string {
  return `${(share * 100).toFixed(2)} points`;
}
