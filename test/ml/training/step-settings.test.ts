/** What settings make of a step: its learning rate, and how far it moves each weight. */
import { describe, expect, it } from 'vitest';
import { changes, largestChanges, runSteps, shortTraining } from './few-steps.ts';
import { drawRows } from './tiny-task.ts';

/** AdamW's, which divides a gradient by its own size and this. */
const EPSILON = 1e-8;

describe('warmupFraction', () => {
  it('lets the learning rate rise over that share of the steps, and fall over the others', async () => {
    const settings = { epochs: 2, warmupFraction: 0.5, learningRate: 0.008 };
    const { steps } = await runSteps(await shortTraining(settings, { train: drawRows(16, 1) }));
    const rates = steps.map(({ learningRate }) => learningRate / 0.008);
    expect(rates).toEqual([0, 0.5, 1, 0.5]);
  });

  it('leaves the weights of the first step where they were, because its rate is nothing', async () => {
    const training = await shortTraining({ warmupFraction: 1 });
    const { weights } = await runSteps(training);
    const moved = largestChanges(await training.readWeights(), weights);
    expect([...moved].filter(([, change]) => change !== 0)).toEqual([]);
  });
});

describe('layerDecay', () => {
  // AdamW's first step moves a weight by the learning rate, whatever its gradient: what is left is the
  // layer's factor.
  it.each([1, 0.5])('%s times the rate of the layer above is a layer’s', async (layerDecay) => {
    const learningRate = 1e-3;
    const training = await shortTraining({ layerDecay, learningRate });
    const { weights } = await runSteps(training);
    const factors: [part: string, factor: number][] = [
      ['classifier.', 1],
      ['distilbert.transformer.layer.1.', layerDecay],
      ['distilbert.transformer.layer.0.', layerDecay ** 2],
      ['distilbert.embeddings.', layerDecay ** 3],
    ];
    // A key's bias has no gradient but rounding: it moves every score of a text alike.
    const moved = [...largestChanges(await training.readWeights(), weights)].filter(
      ([name]) => !name.endsWith('k_lin.bias'),
    );
    for (const [part, factor] of factors) {
      const ofPart = moved.filter(([name]) => name.includes(part));
      expect(ofPart.length).toBeGreaterThan(1);
      for (const [name, change] of ofPart) expect(change / learningRate, name).toBeCloseTo(factor, 2);
    }
  });
});

describe('clipNorm', () => {
  it('is the norm of the gradient that a step takes, not of the one it reports', async () => {
    // So small that AdamW's epsilon tells: a weight moves by rate * g / (|g| + epsilon), and so says which g
    // it was given.
    const clipNorm = 1e-8;
    const training = await shortTraining({ clipNorm, learningRate: 1 });
    const { steps, weights } = await runSteps(training);
    const moved = [...changes(await training.readWeights(), weights).values()].flat().map(Math.abs);
    const norm = Math.hypot(...moved.map((share) => (EPSILON * share) / (1 - share)));
    expect(norm / clipNorm).toBeCloseTo(1, 2);

    const free = await runSteps(await shortTraining({ clipNorm: null, learningRate: 1 }));
    expect(steps[0]?.gradientNorm).toBe(free.steps[0]?.gradientNorm);
    expect(steps[0]?.gradientNorm).toBeGreaterThan(1000 * clipNorm);
  });

  it('changes nothing where the gradient is shorter', async () => {
    const free = await runSteps(await shortTraining({ clipNorm: null }));
    const norm = free.steps[0]?.gradientNorm ?? NaN;
    const clipped = await runSteps(await shortTraining({ clipNorm: 1.01 * norm }));
    expect(clipped.weights).toEqual(free.weights);
  });
});
