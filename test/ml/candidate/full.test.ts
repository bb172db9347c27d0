/** What balanced classes add to every margin, and what is said of it: texts that are alike show it alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sigmoid } from '../../../src/ml/scoring/calibration.ts';
import { buildClassifierGraph } from '../../../src/ml/models/index.ts';
import { computeMargins } from '../../../src/ml/scoring/run-graph.ts';
import { trainFullRecipe } from '../../../src/ml/candidate/full.ts';
import type { LabelledTexts, RawClassifier, TrainerContext } from '../../../src/ml/candidate/trainer.ts';
import { trainedConfig } from '../../../src/ml/base/model.ts';
import { labelled, tinyContext } from '../tiny-context.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-full-'));
});
afterEach(() => rm(folder, { recursive: true }));

const TEXT = 'the lamp is sturdy';

function alike(good: number, bad: number): LabelledTexts {
  return labelled(Array.from({ length: good + bad }, (_, row) => [TEXT, row < good ? 1 : 0] as const));
}

/** The probability that the classifier gives the text, less the shift that it says it has. */
async function honestProbability(
  { base, tokenizer }: TrainerContext,
  { weights, priorShift }: RawClassifier,
): Promise<number> {
  const graph = buildClassifierGraph(trainedConfig(base), weights);
  const [margin = NaN] = await computeMargins(graph, tokenizer, [TEXT], { maxLength: 16, threads: 1 });
  return sigmoid(margin - priorShift);
}

it.each(['balanced', 'none'] as const)(
  'with classWeights %s, texts that are alike get the share of the training rows that is good',
  async (classWeights) => {
    const settings = { trainer: 'full', epochs: 20, learningRate: 0.02, classWeights } as const;
    const context = await tinyContext(folder, settings, { train: alike(16, 4), validation: alike(1, 1) });
    expect(await honestProbability(context, await trainFullRecipe(context))).toBeCloseTo(0.8, 1);
  },
);

it('a refit takes out the shift of all the rows that it learnt from', async () => {
  const settings = {
    trainer: 'full',
    epochs: 5,
    learningRate: 0.02,
    classWeights: 'balanced',
    refit: true,
  } as const;
  const context = await tinyContext(folder, settings, { train: alike(16, 4), validation: alike(10, 10) });
  const { refit } = await trainFullRecipe(context);
  const refitted = await refit?.();
  expect(refitted).toBeDefined();
  if (refitted !== undefined) expect(await honestProbability(context, refitted)).toBeCloseTo(26 / 40, 1);
});
