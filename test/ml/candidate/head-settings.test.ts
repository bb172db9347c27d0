/**
 * What settings make of a head. Texts that are all alike have one margin, and where it must end can be
 * computed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecipeOverrides } from '../../../src/ml/index.ts';
import { trainHead } from '../../../src/ml/candidate/head.ts';
import type { LabelledTexts, Trained } from '../../../src/ml/candidate/trainer.ts';
import { labelled, tinyContext } from '../tiny-context.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-head-'));
});
afterAll(() => rm(folder, { recursive: true }));

const TEXT = 'the lamp is sturdy';
/** Eight good rows and two bad ones, told apart by nothing. */
const ALIKE = labelled(Array.from({ length: 10 }, (_, row) => [TEXT, row < 8 ? 1 : 0] as const));
const ONE_GOOD = labelled([[TEXT, 1]]);

async function train(
  settings: RecipeOverrides,
  rows: LabelledTexts,
  validation: LabelledTexts = ONE_GOOD,
): Promise<Trained> {
  return trainHead(
    await tinyContext(
      folder,
      { trainer: 'head', epochs: 60, learningRate: 0.005, ...settings },
      { train: rows, validation },
    ),
  );
}

/**
 * Probability that the last epoch gives a good row: what its log loss says, without the shift of balanced
 * classes.
 */
async function settled(settings: RecipeOverrides, rows: LabelledTexts): Promise<number> {
  const { epochs } = await train(settings, rows);
  expect(epochs).toHaveLength(60);
  return Math.exp(-(epochs.at(-1)?.validation.logLoss ?? NaN));
}

it('a head gives texts that are alike the share of them that is good', async () => {
  expect(await settled({}, ALIKE)).toBeCloseTo(0.8, 2);
});

it('with smoothed labels, as much nearer to a half as they are', async () => {
  expect(await settled({ labelSmoothing: 0.4 }, ALIKE)).toBeCloseTo(0.6 * 0.8 + 0.4 * 0.5, 2);
});

it('with weights of rows, the share of the weight', async () => {
  const weighted = { ...ALIKE, weights: ALIKE.labels.map((label) => (label === 1 ? 1 : 12)) };
  expect(await settled({}, weighted)).toBeCloseTo(8 / (8 + 2 * 12), 2);
});

it('with balanced classes, the same share, because the shift is taken out: every margin is nothing but it', async () => {
  const { epochs, priorShift } = await train({ classWeights: 'balanced' }, ALIKE);
  expect(priorShift).toBeCloseTo(Math.log(2 / 8), 6);
  expect(epochs.at(-1)?.trainLoss).toBeCloseTo(Math.log(2), 3);
  expect(Math.exp(-(epochs.at(-1)?.validation.logLoss ?? NaN))).toBeCloseTo(0.8, 2);
});

/** Told apart by their words. */
const APART = labelled([
  ['lovely soft lamp', 1],
  ['superb and sturdy chair', 1],
  ['bright home', 1],
  ['broken cheap lamp', 0],
  ['torn and dull chair', 0],
  ['rough home', 0],
]);

it('weightDecay holds a head back where it started: with no weight for any text', async () => {
  const reach = async (weightDecay: number): Promise<number> => {
    const { weights } = await train({ weightDecay }, APART, APART);
    return Math.max(...(weights.get('classifier.weight')?.data ?? []).map(Math.abs));
  };
  expect(await reach(0)).toBeGreaterThan(10 * (await reach(10)));
});

it('earlyStoppingPatience ends a training so many epochs after the best one, and null never does', async () => {
  // What is learnt of the training rows is wrong of these.
  const wrong = { ...APART, labels: APART.labels.map((label) => (label === 1 ? 0 : 1)) };
  const patient = await train({ earlyStoppingPatience: 3 }, APART, wrong);
  expect(patient.epochs).toHaveLength(patient.bestEpoch + 3);
  expect(patient.epochs.length).toBeLessThan(60);
  expect((await train({ earlyStoppingPatience: null }, APART, wrong)).epochs).toHaveLength(60);
});
