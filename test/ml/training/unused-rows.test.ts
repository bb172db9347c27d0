/**
 * Rows of the word embedding that the data never uses: a dense AdamW would decay them in every step, and
 * nothing else.
 */
import { expect, it } from 'vitest';
import { trainFull, type FullTraining, type TokenRows } from '../../../src/ml/training/index.ts';
import { WORD_EMBEDDINGS, type Weights } from '../../../src/ml/models/index.ts';
import { shortTraining, STILL } from './few-steps.ts';
import { drawRows, tinyTraining } from './tiny-task.ts';

/** What is left of each weight of those rows. */
function leftOf({ config, train, validation }: FullTraining, before: Weights, after: Weights): number[] {
  const sequences = [train, validation].flatMap((rows: TokenRows | null) => rows?.inputIds ?? []);
  const used = new Set([config.padTokenId, ...sequences.flat()]);
  const start = before.get(WORD_EMBEDDINGS)?.data;
  const ratios = Array.from(
    after.get(WORD_EMBEDDINGS)?.data ?? [],
    (value, i) => value / (start?.[i] ?? NaN),
  );
  return ratios.filter((_, i) => !used.has(Math.floor(i / config.dim)));
}

function expectAll(values: readonly number[], expected: number): void {
  expect(values.length).toBeGreaterThan(0);
  expect(Math.min(...values)).toBeCloseTo(expected, 5);
  expect(Math.max(...values)).toBeCloseTo(expected, 5);
}

it('they decay at the learning rate of the embeddings', async () => {
  const settings = { layerDecay: 0.5, learningRate: 0.01, weightDecay: 1 };
  const training = await shortTraining(settings);
  const { weights } = await trainFull(training);
  // Two layers and the head lie above the embeddings.
  const expected = 1 - 0.01 * 0.5 ** 3;
  expectAll(leftOf(training, await training.readWeights(), weights), expected);
});

it('they have decayed up to the epoch that is returned, not to the last one', async () => {
  const { config, settings: usual, ...rest } = await tinyTraining({ train: drawRows(64, 1) });
  const { inputIds, labels } = rest.train;
  const training = {
    ...rest,
    config: { ...config, ...STILL },
    // What is learnt of the training rows is wrong of these, so that an early epoch is the best.
    validation: { inputIds, labels: labels.map((label) => 1 - label) },
    settings: { ...usual, epochs: 4, learningRate: 0.01, weightDecay: 1, earlyStoppingPatience: null },
  };
  const { weights, bestEpoch, epochs, stepsRun } = await trainFull(training);
  expect(epochs).toHaveLength(4);
  expect(bestEpoch).toBeLessThan(4);
  const { learningRate } = training.settings;
  const expected = Array.from(
    { length: (bestEpoch * stepsRun) / 4 },
    (_, step) => 1 - learningRate * (1 - step / stepsRun),
  ).reduce((product, kept) => product * kept, 1);
  expectAll(leftOf(training, await training.readWeights(), weights), expected);
});
