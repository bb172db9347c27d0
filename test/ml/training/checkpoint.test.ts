/** Whose a checkpoint is: going on with other inputs would give weights that no training makes. */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/paths.ts';
import { trainFull, type FullTraining, type TokenRows } from '../../../src/ml/training/index.ts';
import { shortTraining } from './few-steps.ts';
import { drawRows, tinyTraining } from './tiny-task.ts';

let directory: string;
let training: FullTraining;
let train: TokenRows;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'copyloop-fingerprint-'));
  train = { ...drawRows(8, 1), weights: [1, 1, 1, 1, 1, 1, 1, 1] };
  const validation = { ...drawRows(8, 2), weights: [1, 1, 1, 1, 1, 1, 1, 1] };
  training = {
    ...(await shortTraining({}, { train, validation })),
    checkpointDirectory: directory,
  };
  await trainFull(training);
});
afterAll(() => rm(directory, { recursive: true }));

function changed<T>(values: readonly T[] | undefined, value: T): T[] {
  return [value, ...(values ?? []).slice(1)];
}

type Change = () => Partial<FullTraining> | Promise<Partial<FullTraining>>;

describe('a checkpoint is refused to a training', () => {
  const settings = (change: Partial<FullTraining['settings']>): Change => {
    return () => ({ settings: { ...training.settings, ...change } });
  };
  const ofTrain = (change: (rows: TokenRows) => Partial<TokenRows>): Change => {
    return () => ({ train: { ...train, ...change(train) } });
  };
  const cases: [difference: string, change: Change][] = [
    ['more epochs', settings({ epochs: 2 })],
    ['another learning rate', settings({ learningRate: 1e-4 })],
    ['another weight decay', settings({ weightDecay: 0.02 })],
    ['another warm-up', settings({ warmupFraction: 0.5 })],
    ['another clip norm', settings({ clipNorm: 1 })],
    ['smoothed labels', settings({ labelSmoothing: 0.1 })],
    ['balanced classes', settings({ classWeights: 'balanced' })],
    ['slower layers', settings({ layerDecay: 0.9 })],
    ['another dropout', settings({ dropout: 0.2 })],
    [
      'another token in a training row',
      ofTrain(({ inputIds }) => ({ inputIds: changed(inputIds, [1, 7, 2]) })),
    ],
    [
      'another label of a training row',
      ofTrain(({ labels }) => ({ labels: changed(labels, 1 - (labels[0] ?? 0)) })),
    ],
    ['another weight of a training row', ofTrain(({ weights }) => ({ weights: changed(weights, 2) }))],
    [
      'one training row fewer',
      () => ({ train: { inputIds: train.inputIds.slice(1), labels: train.labels.slice(1) } }),
    ],
    ['other validation rows', () => ({ validation: drawRows(8, 3) })],
    ['no validation rows', () => ({ validation: null })],
    ['another seed', () => ({ seed: training.seed + 1 })],
    [
      'other weights to start from',
      async () => {
        const start = new Map(await training.readWeights());
        const bias = start.get('classifier.bias');
        if (bias !== undefined) start.set('classifier.bias', { ...bias, data: Float32Array.of(0.5, -0.5) });
        return { readWeights: () => Promise.resolve(start) };
      },
    ],
  ];
  it.each(cases)('with %s', async (_difference, change) => {
    await expect(trainFull({ ...training, ...(await change()) })).rejects.toMatchObject({ code: 'conflict' });
  });
});

it('a checkpoint is taken by the same training, saved however often', async () => {
  const steps: number[] = [];
  const again = await trainFull({
    ...training,
    settings: { ...training.settings, checkpointEverySteps: 1 },
    onStep: ({ step }) => steps.push(step),
  });
  expect(again.stepsRun).toBe(1);
  expect(steps).toEqual([]);
});

/**
 * Saved by the first version that was given to others, at step 20 of this training; its settings are a whole
 * recipe's, as in a run.
 */
it('a checkpoint of the first version is taken by the same training, which ends as if it had not stopped', async () => {
  const checkpointDirectory = path.join(directory, 'earlier');
  await mkdir(checkpointDirectory);
  await copyFile(
    path.join(packageRoot, 'test/fixtures/tiny-training/checkpoint-after-20-steps.safetensors'),
    path.join(checkpointDirectory, 'checkpoint.safetensors'),
  );
  const tiny = await tinyTraining();
  const steps: number[] = [];
  const resumed = await trainFull({ ...tiny, checkpointDirectory, onStep: ({ step }) => steps.push(step) });
  expect(steps[0]).toBe(21);
  const undisturbed = await trainFull(tiny);
  for (const [name, { data }] of undisturbed.weights) {
    const others = resumed.weights.get(name)?.data ?? new Float32Array(0);
    const furthest = data.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (others[at] ?? NaN))),
      0,
    );
    expect(furthest, name).toBeLessThan(1e-4);
  }
});
