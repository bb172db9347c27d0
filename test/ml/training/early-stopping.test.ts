import { describe, expect, it } from 'vitest';
import { computeMetrics } from '../../../src/ml/scoring/metrics.ts';
import type { EpochReport } from '../../../src/ml/training/contract.ts';
import { hasStalled } from '../../../src/ml/training/train.ts';

/** Epochs in which so many of ten rows are judged right, each with this probability of its label. */
function epochs(...outcomes: [right: number, confidence: number][]): EpochReport[] {
  const labels = Array.from({ length: 10 }, (_, row) => (row % 2) as 0 | 1);
  return outcomes.map(([right, confidence], index) => {
    const probabilities = labels.map((label, row) =>
      row < right === (label === 1) ? confidence : 1 - confidence,
    );
    const validation = computeMetrics(probabilities, labels);
    return { epoch: index + 1, steps: index + 1, trainLoss: 1, validation };
  });
}

describe('a training has stalled', () => {
  it('after so many epochs on a plateau, though each validates as well as the best', () => {
    const plateau = epochs([8, 0.7], [9, 0.8], [9, 0.8], [9, 0.8], [9, 0.8]);
    expect(hasStalled(plateau.slice(0, 4), 3)).toBe(false);
    expect(hasStalled(plateau, 3)).toBe(true);
  });

  it('not while accuracy rises, though overconfidence raises the loss', () => {
    expect(hasStalled(epochs([6, 0.6], [7, 0.99], [8, 0.99], [9, 0.99]), 1)).toBe(false);
  });

  it('not while the loss falls at one accuracy', () => {
    expect(hasStalled(epochs([9, 0.6], [9, 0.65], [9, 0.7], [9, 0.75]), 1)).toBe(false);
  });

  it('never without patience given or rows to validate on', () => {
    const plateau = epochs([9, 0.8], [9, 0.8], [9, 0.8]);
    expect(hasStalled(plateau, null)).toBe(false);
    expect(
      hasStalled(
        plateau.map((report) => ({ ...report, validation: null })),
        1,
      ),
    ).toBe(false);
  });
});
