import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { fitTemperature, sigmoid } from '../../../src/ml/scoring/calibration.ts';
import { computeMetrics } from '../../../src/ml/scoring/metrics.ts';

describe('computeMetrics', () => {
  it('counts what was called right, of what was called and of what there was', () => {
    const metrics = computeMetrics([0.9, 0.8, 0.6, 0.4, 0.1], [1, 0, 1, 1, 0]);
    expect(metrics.accuracy).toBeCloseTo(3 / 5);
    expect(metrics.precision).toBeCloseTo(2 / 3);
    expect(metrics.recall).toBeCloseTo(2 / 3);
    expect(metrics.f1).toBeCloseTo(2 / 3);
    expect(metrics.rocAuc).toBeCloseTo(4 / 6);
    expect(metrics.majorityAccuracy).toBeCloseTo(3 / 5);
    expect(metrics).toMatchObject({ rows: 5, positives: 3 });
  });

  it('gives ties half their pairs, and every pair when all rows are tied', () => {
    expect(computeMetrics([0.5, 0.5, 0.5, 0.5], [1, 0, 1, 0]).rocAuc).toBe(0.5);
    expect(computeMetrics([0.7, 0.7, 0.2], [1, 0, 0]).rocAuc).toBe(0.75);
  });

  it('has the ROC AUC that counting every pair gives', () => {
    const random = createRandom(3);
    const labels = Array.from({ length: 200 }, () => (random.chance(0.4) ? 1 : 0));
    const probabilities = labels.map((label) => Math.round(10 * (0.7 * random.next() + 0.3 * label)) / 10);
    let won = 0;
    let pairs = 0;
    labels.forEach((label, i) => {
      labels.forEach((other, j) => {
        if (label === 0 || other === 1) return;
        pairs += 1;
        won += (Math.sign((probabilities[i] ?? 0) - (probabilities[j] ?? 0)) + 1) / 2;
      });
    });
    expect(computeMetrics(probabilities, labels).rocAuc).toBeCloseTo(won / pairs, 12);
  });

  it('counts a row of weight 2 as two rows', () => {
    const weighted = computeMetrics([0.9, 0.4, 0.6], [1, 1, 0], [2, 1, 3]);
    const repeated = computeMetrics([0.9, 0.9, 0.4, 0.6, 0.6, 0.6], [1, 1, 1, 0, 0, 0]);
    for (const name of ['accuracy', 'precision', 'recall', 'f1', 'rocAuc', 'logLoss'] as const) {
      expect(weighted[name]).toBeCloseTo(repeated[name], 12);
    }
    expect(weighted.expectedCalibrationError).toBeCloseTo(repeated.expectedCalibrationError, 12);
  });

  it('finds no calibration error where confidence equals accuracy, and the gap where it does not', () => {
    expect(computeMetrics([0.75, 0.75, 0.75, 0.75], [1, 1, 1, 0]).expectedCalibrationError).toBeCloseTo(0);
    expect(computeMetrics([0.95, 0.95], [1, 0]).expectedCalibrationError).toBeCloseTo(0.45);
  });

  it('stays finite with one class only and with a sure mistake', () => {
    const metrics = computeMetrics([0, 0.2], [1, 1]);
    expect(metrics).toMatchObject({ rocAuc: 0.5, precision: 0, recall: 0, f1: 0, accuracy: 0 });
    expect(Number.isFinite(metrics.logLoss)).toBe(true);
  });

  it('refuses no rows and a probability that is none', () => {
    expect(() => computeMetrics([], [])).toThrow(/no rows/);
    expect(() => computeMetrics([Number.NaN], [1])).toThrow(/row 0 was given the probability NaN/);
  });
});

describe('fitTemperature', () => {
  it('finds the temperature that labels were drawn with', () => {
    const random = createRandom(5);
    const margins = Array.from({ length: 20_000 }, () => 6 * random.normal());
    const labels = margins.map((margin) => (random.chance(sigmoid(margin / 2.5)) ? 1 : 0));
    expect(fitTemperature(margins, labels)).toBeCloseTo(2.5, 0);
  });

  it('gives the least log loss among its neighbours', () => {
    const margins = [3, -2, 1, 0.5, -4, 2];
    const labels = [1, 0, 0, 1, 0, 1] as const;
    const loss = (temperature: number): number =>
      margins.reduce(
        (sum, margin, row) => sum + softplus((labels[row] === 1 ? -margin : margin) / temperature),
        0,
      );
    const best = fitTemperature(margins, labels);
    expect(loss(best)).toBeLessThan(loss(best * 1.01));
    expect(loss(best)).toBeLessThan(loss(best / 1.01));
  });

  it('stays within bounds when validation is separated perfectly or not at all', () => {
    expect(fitTemperature([5, -5], [1, 0])).toBeCloseTo(0.2);
    expect(fitTemperature([5, -5], [0, 1])).toBeCloseTo(10);
  });
});

/** log(1 + e^x) without overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
