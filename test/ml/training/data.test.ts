import { describe, expect, it } from 'vitest';
import {
  assembleBatch,
  lossTargets,
  planEpoch,
  planValidation,
  weighClasses,
} from '../../../src/ml/training/data.ts';
import { resolveSettings } from '../../../src/ml/training/settings.ts';
import { learningRateAt } from '../../../src/ml/training/train.ts';
import { collectVocabulary, restoreRows, selectRows } from '../../../src/ml/training/weights.ts';
import { referenceSettings } from './tiny-task.ts';

const reference = await referenceSettings();

describe('a plan of batches', () => {
  const lengths = Array.from({ length: 103 }, (_, row) => 3 + ((row * 37) % 50));

  const spread = (batch: number[]): number => {
    const own = batch.map((row) => lengths[row] as number);
    return Math.max(...own) - Math.min(...own);
  };

  it('holds every row once, in another order each epoch and the same for the same seed', () => {
    const plan = planEpoch(lengths, 8, 1, 0);
    expect(plan.flat().toSorted((a, b) => a - b)).toEqual([...lengths.keys()]);
    expect(plan.every((batch) => batch.length <= 8)).toBe(true);
    expect(planEpoch(lengths, 8, 1, 0)).toEqual(plan);
    expect(planEpoch(lengths, 8, 1, 1)).not.toEqual(plan);
    expect(planEpoch(lengths, 8, 2, 0)).not.toEqual(plan);
  });

  it('puts rows of like length together', () => {
    for (const plan of [planEpoch(lengths, 8, 1, 0), planValidation(lengths, 8)]) {
      expect(Math.max(...plan.map(spread))).toBeLessThan(10);
    }
  });
});

describe('a batch', () => {
  it('is padded to a multiple of eight and renumbered', () => {
    const rows = { inputIds: [[7, 3], [7, 9, 5, 3], [7]], labels: [0, 1, 1] };
    const vocabulary = collectVocabulary(20, rows.inputIds, 0);
    expect([...vocabulary.ids]).toEqual([0, 3, 5, 7, 9]);
    const batch = assembleBatch(rows, [1, 0], vocabulary, { positions: 16, padTokenId: 0 });
    expect(batch.shape).toEqual([2, 8]);
    expect([...batch.tokenIndices]).toEqual([3, 4, 2, 1, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0]);
    expect([...batch.attentionMask].map(Number)).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('weighs its targets by row and class, smoothed, to a sum of 1', () => {
    const rows = { inputIds: [], labels: [0, 1, 1], weights: [1, 2, 1] };
    const classWeights = weighClasses({ labels: [0, 1, 1] }, 2, 'balanced');
    expect(classWeights).toEqual([1.5, 0.75]);
    const targets = lossTargets(rows, [0, 1, 2], classWeights, 0.2, 1.5 + 2 * 0.75 + 0.75);
    expect(targets.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
    expect(targets[0]).toBeCloseTo((1.5 / 3.75) * 0.9, 6);
    expect(targets[1]).toBeCloseTo((1.5 / 3.75) * 0.1, 6);
    expect(weighClasses({ labels: [0, 1, 1] }, 2, 'none')).toEqual([1, 1]);
    // What counts is how much the rows of a class weigh, not how many they are.
    expect(weighClasses({ labels: [0, 1, 1], weights: [2, 1, 1] }, 2, 'balanced')).toEqual([1, 1]);
  });
});

it('rows taken out of a table and put back leave it as it was, but for the decay of the others', () => {
  const table = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
  const vocabulary = collectVocabulary(4, [[3], [1]], 1);
  const rows = selectRows(table, 2, vocabulary);
  expect([...rows]).toEqual([3, 4, 7, 8]);
  expect([...restoreRows(table, 2, vocabulary, rows, 0.5)]).toEqual([0.5, 1, 3, 4, 2.5, 3, 7, 8]);
});

it('the learning rate rises and falls linearly, as get_linear_schedule_with_warmup', () => {
  const schedule = { peak: 1, warmupSteps: 2, totalSteps: 10 };
  const rates = Array.from({ length: 11 }, (_, step) => learningRateAt(schedule, step));
  expect(rates).toEqual([0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0]);
  expect(learningRateAt({ ...schedule, warmupSteps: 0 }, 0)).toBe(1);
});

describe('automatic settings', () => {
  const auto = { ...reference, epochs: 'auto', learningRate: 'auto' } as const;

  it('give few rows more epochs and a wide encoder a smaller learning rate', () => {
    const few = resolveSettings(auto, 300, { dim: 384 });
    const many = resolveSettings(auto, 50_000, { dim: 768 });
    expect(few.epochs).toBeGreaterThan(many.epochs);
    expect(few.learningRate).toBeGreaterThan(many.learningRate);
  });

  it('leave what is said as it is', () => {
    expect(resolveSettings(reference, 10, { dim: 128 })).toEqual(reference);
  });
});
