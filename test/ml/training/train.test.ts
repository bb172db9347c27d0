import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Weights } from '../../../src/ml/models/index.ts';
import { trainFull, type EpochReport, type StepReport } from '../../../src/ml/training/index.ts';
import { drawRows, tinyTraining } from './tiny-task.ts';

const WORDS = 'distilbert.embeddings.word_embeddings.weight';

/** The tensors that differ in any bit. */
function differing(a: Weights, b: Weights): string[] {
  return [...a.keys()].filter((name) => {
    const [left, right] = [a.get(name)?.data, b.get(name)?.data];
    return left?.length !== right?.length || left?.some((value, i) => !Object.is(value, right?.[i]));
  });
}

describe('training of all weights', () => {
  it('learns, reports every step and epoch, and returns the last weights that validated as well as any', async () => {
    const steps: StepReport[] = [];
    const epochs: EpochReport[] = [];
    const training = await tinyTraining({
      train: drawRows(240, 1),
      onStep: (report) => steps.push(report),
      onEpoch: (report) => epochs.push(report),
    });
    const { weights, bestEpoch, stepsRun } = await trainFull(training);

    expect(stepsRun).toBe(3 * 30);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
    expect(steps.at(-1)).toMatchObject({ step: 90, steps: 90, epoch: 3, remainingMs: 0 });
    expect(epochs.map(({ epoch, steps: done }) => [epoch, done])).toEqual([
      [1, 30],
      [2, 60],
      [3, 90],
    ]);
    const accuracies = epochs.map(({ validation }) => validation?.accuracy ?? 0);
    expect(Math.max(...accuracies)).toBeGreaterThan(0.85);
    const error = Math.sqrt((Math.max(...accuracies) * (1 - Math.max(...accuracies))) / 40);
    expect(bestEpoch).toBe(
      accuracies.findLastIndex((accuracy) => accuracy >= Math.max(...accuracies) - error) + 1,
    );

    // Trained on from the returned weights at a rate of nothing, the validation is that of this epoch.
    const again = await trainFull({
      ...training,
      readWeights: () => Promise.resolve(weights),
      settings: { ...training.settings, epochs: 1, learningRate: 1e-30 },
    });
    expect(again.epochs[0]?.validation?.logLoss).toBeCloseTo(
      epochs[bestEpoch - 1]?.validation?.logLoss ?? NaN,
      5,
    );
  });

  it('is the same twice with one seed, and another with another', async () => {
    const first = await trainFull(await tinyTraining());
    const second = await trainFull(await tinyTraining());
    const third = await trainFull(await tinyTraining({ seed: 4 }));
    expect(differing(first.weights, second.weights)).toEqual([]);
    expect(differing(first.weights, third.weights).length).toBeGreaterThan(30);
  });

  it('draws a head from the seed when the weights have none', async () => {
    const training = await tinyTraining();
    const start = await training.readWeights();
    const encoder: Weights = new Map([...start].filter(([name]) => name.startsWith('distilbert.')));
    const { weights } = await trainFull({ ...training, readWeights: () => Promise.resolve(encoder) });
    expect([...weights.keys()].toSorted()).toEqual([...start.keys()].toSorted());
  });

  it('adds the gradients of small batches to those of a large one', async () => {
    // Without dropout, and in one batch a step, the sum over parts is the whole but for the order of
    // additions.
    const { config, ...rest } = await tinyTraining({ train: drawRows(32, 1) });
    const still = { ...config, dropout: 0, attentionDropout: 0, classifierDropout: 0 };
    const [epochs, clipNorm] = [4, null];
    const whole = await trainFull({
      ...rest,
      config: still,
      settings: { ...rest.settings, epochs, clipNorm, batchSize: 32 },
    });
    const parts = await trainFull({
      ...rest,
      config: still,
      settings: { ...rest.settings, epochs, clipNorm, batchSize: 8, gradientAccumulation: 4 },
    });
    expect(parts.stepsRun).toBe(whole.stepsRun);
    const [a, b] = [whole.epochs, parts.epochs].map((reports) => reports.map(({ trainLoss }) => trainLoss));
    a?.forEach((loss, i) => expect(b?.[i]).toBeCloseTo(loss, 4));
  });

  it('leaves frozen layers as they are, to the bit', async () => {
    const training = await tinyTraining();
    const { weights } = await trainFull({ ...training, settings: { ...training.settings, frozenLayers: 1 } });
    const changed = differing(await training.readWeights(), weights);
    expect(changed.filter((name) => name.includes('.embeddings.') || name.includes('.layer.0.'))).toEqual([]);
    expect(changed.filter((name) => name.includes('.layer.1.')).length).toBeGreaterThan(10);
  });

  it('does to words that no row holds what a dense AdamW would: nothing but decay', async () => {
    const training = await tinyTraining({ validation: null });
    const { weights, stepsRun } = await trainFull(training);
    const dim = training.config.dim;
    const start = await training.readWeights();
    const [before, after] = [start, weights].map((all) => all.get(WORDS)?.data as Float32Array);
    const used = new Set(training.train.inputIds.flat());
    const idle = Array.from({ length: training.config.vocabulary }, (_, id) => id).filter(
      (id) => id !== 0 && !used.has(id),
    );
    expect(idle.length).toBeGreaterThan(0);
    const { learningRate, weightDecay } = training.settings;
    const left = Array.from(
      { length: stepsRun },
      (_, step) => 1 - learningRate * (1 - step / stepsRun) * weightDecay,
    ).reduce((product, kept) => product * kept, 1);
    for (const id of idle) {
      for (let i = id * dim; i < (id + 1) * dim; i += 1) {
        expect(after?.[i]).toBeCloseTo((before?.[i] as number) * left, 7);
      }
    }
  });

  it('stops early, with the best weights, when validation gets worse', async () => {
    const training = await tinyTraining();
    const { inputIds, labels } = training.train;
    // What is learnt of the training rows is wrong of these.
    const validation = { inputIds, labels: labels.map((label) => 1 - label) };
    const settings = { ...training.settings, epochs: 50, earlyStoppingPatience: 2 };
    const { epochs, bestEpoch } = await trainFull({ ...training, validation, settings });
    expect(epochs.length).toBe(bestEpoch + 2);
    expect(epochs.length).toBeLessThan(50);
    const accuracies = epochs.map((report) => report.validation?.accuracy ?? 0);
    expect(accuracies[bestEpoch - 1]).toBeGreaterThan(accuracies.at(-1) ?? 1);
  });

  it('stops a diverging training naming step, learning rate and rows', async () => {
    const training = await tinyTraining();
    const diverging = { ...training, settings: { ...training.settings, learningRate: 1e30, clipNorm: null } };
    await expect(trainFull(diverging)).rejects.toMatchObject({
      code: 'diverged',
      message: expect.stringMatching(/at step \d+ with learning rate .*rows \d+, /),
    });
  });

  it('says so of a training whose last step of an epoch loses the weights', async () => {
    const training = await tinyTraining({ train: drawRows(8, 1) });
    const settings = { ...training.settings, epochs: 1, learningRate: 1e30 };
    for (const validation of [training.validation, null]) {
      await expect(trainFull({ ...training, validation, settings })).rejects.toMatchObject({
        code: 'diverged',
        message: expect.stringMatching(/at step 1 with learning rate 1.00e\+30/),
        details: { step: 1, rows: expect.arrayContaining(['0', '7']) },
      });
    }
  });

  it('takes memory for the rows there are, however large a batch may be', async () => {
    const training = await tinyTraining({ train: drawRows(16, 1) });
    const { stepsRun } = await trainFull({
      ...training,
      settings: { ...training.settings, epochs: 1, batchSize: 4_000_000 },
    });
    expect(stepsRun).toBe(1);
  });

  it('refuses rows that do not fit', async () => {
    const training = await tinyTraining();
    const withIds = (ids: number[]): Promise<unknown> =>
      trainFull({ ...training, train: { inputIds: [ids], labels: [1] } });
    await expect(withIds([1, 90, 2])).rejects.toThrow(/token id 90 lies outside .* vocabulary of 90/);
    await expect(withIds(Array(20).fill(3))).rejects.toThrow(/20 tokens; this encoder takes at most 16/);
    await expect(trainFull({ ...training, train: { inputIds: [], labels: [] } })).rejects.toMatchObject({
      code: 'bad-data',
    });
  });
});

describe('a checkpoint', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'copyloop-checkpoint-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('lets a training stopped five times end with the bits of one never stopped', async () => {
    const undisturbed = await trainFull(await tinyTraining());
    for (const stop of [3, 11, 16, 23, 31]) {
      const controller = new AbortController();
      const stopped = await tinyTraining({
        checkpointDirectory: directory,
        signal: controller.signal,
        onStep: ({ step }) => {
          if (step === stop) controller.abort();
        },
      });
      await expect(trainFull(stopped)).rejects.toMatchObject({
        code: 'cancelled',
        message: `training was cancelled after step ${stop}`,
      });
    }
    const seen: number[] = [];
    const resumed = await trainFull(
      await tinyTraining({ checkpointDirectory: directory, onStep: ({ step }) => seen.push(step) }),
    );
    expect(seen[0]).toBe(31);
    expect(differing(undisturbed.weights, resumed.weights)).toEqual([]);
    expect(resumed.epochs).toEqual(undisturbed.epochs);
  });

  it('that is damaged is refused, and what a killed save left is removed', async () => {
    const training = await tinyTraining({ checkpointDirectory: directory });
    await trainFull(training);
    const file = path.join(directory, 'checkpoint.safetensors');
    await truncate(file, 1000);
    await writeFile(`${file}.0b5c.tmp`, 'half');
    await expect(trainFull(training)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`${file} is no checkpoint that a training can go on from`),
    });
    expect(await readdir(directory)).toEqual(['checkpoint.safetensors']);
  });

  it('is refused to another training', async () => {
    await trainFull(await tinyTraining({ checkpointDirectory: directory }));
    await expect(
      trainFull(await tinyTraining({ checkpointDirectory: directory, seed: 4 })),
    ).rejects.toMatchObject({
      code: 'conflict',
    });
  });
});
