/** What settings make of the loss: the first step's, because the weights that it is of are known. */
import { describe, expect, it } from 'vitest';
import type { FullTraining, TokenRows, TrainingSettings } from '../../../src/ml/training/index.ts';
import { logProbabilities, runSteps, shortTraining, STILL } from './few-steps.ts';
import { drawRows } from './tiny-task.ts';

async function firstLoss(
  settings: Partial<TrainingSettings>,
  overrides: Partial<FullTraining> = {},
): Promise<number> {
  const { steps } = await runSteps(await shortTraining(settings, overrides));
  expect(steps).toHaveLength(1);
  return steps[0]?.loss ?? NaN;
}

/** -log p of what is true, and of what is not, for each row at the start. */
async function surprises(rows: TokenRows): Promise<{ label: number; right: number; wrong: number }[]> {
  const logs = await logProbabilities(await shortTraining(), rows);
  return logs.map((both, row) => {
    const label = rows.labels[row] as 0 | 1;
    return { label, right: -both[label], wrong: -(both[1 - label] as number) };
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Five rows of one label and three of the other. */
const rows: TokenRows = { ...drawRows(8, 1), labels: [0, 1, 1, 0, 1, 1, 0, 1] };

describe('the loss of a step', () => {
  it('is cross entropy where nothing else is asked for', async () => {
    const expected = mean((await surprises(rows)).map(({ right }) => right));
    expect(await firstLoss({}, { train: rows })).toBeCloseTo(expected, 5);
  });

  it('spreads the share that labelSmoothing says evenly over both classes', async () => {
    const known = await surprises(rows);
    const smoothed = mean(known.map(({ right, wrong }) => 0.85 * right + 0.15 * wrong));
    expect(Math.abs(smoothed - mean(known.map(({ right }) => right)))).toBeGreaterThan(0.01);
    expect(await firstLoss({ labelSmoothing: 0.3 }, { train: rows })).toBeCloseTo(smoothed, 5);
  });

  it('makes both classes count alike when they are balanced', async () => {
    const known = await surprises(rows);
    const ofClass = (asked: number): number =>
      mean(known.filter(({ label }) => label === asked).map(({ right }) => right));
    const balanced = (ofClass(0) + ofClass(1)) / 2;
    expect(Math.abs(balanced - mean(known.map(({ right }) => right)))).toBeGreaterThan(0.01);
    expect(await firstLoss({ classWeights: 'balanced' }, { train: rows })).toBeCloseTo(balanced, 5);
  });

  it('counts a row of weight 2 as it counts the row twice', async () => {
    const weighted = await firstLoss({}, { train: { ...rows, weights: [2, 1, 1, 1, 1, 1, 1, 1] } });
    const twice = [...rows.labels.keys(), 0];
    const repeated = {
      inputIds: twice.map((row) => rows.inputIds[row] as readonly number[]),
      labels: twice.map((row) => rows.labels[row] as number),
    };
    expect(weighted).toBeCloseTo(await firstLoss({ batchSize: 9 }, { train: repeated }), 5);
    expect(Math.abs(weighted - (await firstLoss({}, { train: rows })))).toBeGreaterThan(0.01);
  });

  it('drops out with the probability of the settings instead of those of the configuration', async () => {
    const { config } = await shortTraining();
    const lively = { ...config, dropout: 0.5, attentionDropout: 0.5, classifierDropout: 0.5 };
    const without = await firstLoss({}, { train: rows });
    const dropping = await firstLoss({ dropout: 0.5 }, { train: rows, config: { ...config, ...STILL } });
    expect(Math.abs(dropping - without)).toBeGreaterThan(0.01);
    expect(await firstLoss({ dropout: 0 }, { train: rows, config: lively })).toBe(without);
    // Where the settings say nothing it is the configuration's, and the same draw.
    expect(await firstLoss({ dropout: null }, { train: rows, config: lively })).toBe(dropping);
  });

  it('draws other dropout masks for each batch of a step', async () => {
    const one = { inputIds: rows.inputIds.slice(0, 1), labels: [1] };
    const same = { inputIds: [...one.inputIds, ...one.inputIds], labels: [1, 1] };
    const apart = { batchSize: 1, gradientAccumulation: 2 };
    // The step's loss is the mean of its batches', and the first of them is the one that a row alone makes.
    expect(await firstLoss({ ...apart, dropout: 0 }, { train: same })).toBeCloseTo(
      await firstLoss({ batchSize: 1, dropout: 0 }, { train: one }),
      6,
    );
    const alone = await firstLoss({ batchSize: 1, dropout: 0.5 }, { train: one });
    const both = await firstLoss({ ...apart, dropout: 0.5 }, { train: same });
    expect(Math.abs(both - alone)).toBeGreaterThan(0.01);
  });
});
