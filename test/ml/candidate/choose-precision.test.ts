/** Which precision is served: int8, unless it loses more accuracy than the recipe bears. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import {
  openClassifier,
  openTokenizer,
  readBaseModel,
  writeWeights,
  type DistilBertConfig,
  type Weights,
} from '../../../src/ml/index.ts';
import {
  calibrateAndChoosePrecision,
  type PrecisionChoice,
} from '../../../src/ml/candidate/choose-precision.ts';
import { parseRecipe } from '../../../src/ml/recipes.ts';
import { buildClassifierGraph } from '../../../src/ml/models/index.ts';
import { computeMargins } from '../../../src/ml/scoring/run-graph.ts';
import { runTraining } from '../../../src/ml/candidate/run.ts';
import type { TextTokenizer } from '../../../src/ml/text/tokenizer.ts';
import type { LabelledTexts } from '../../../src/ml/candidate/trainer.ts';
import { withDrawnHead, writeTinyBase } from '../../../fixtures/tiny-base.ts';

const WORDS = ['lovely', 'sturdy', 'soft', 'broken', 'cheap', 'dull', 'lamp', 'chair', 'the', 'very', 'home'];
const nothing = (): void => {};
const HOOKS = {
  signal: new AbortController().signal,
  onProgress: nothing,
  onEpoch: nothing,
  onStep: nothing,
  log: { info: nothing, warn: nothing },
};
const RUN = { maxLength: 16, threads: 1 };

let folder: string;
let config: DistilBertConfig;
let tokenizer: TextTokenizer;
let weights: Weights;
let rows: LabelledTexts;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-judge-'));
  const base = await readBaseModel(await writeTinyBase(path.join(folder, 'base')));
  ({ config } = base);
  tokenizer = await openTokenizer(base.directory);
  const random = createRandom(3);
  const drawn = Array.from({ length: 4000 }, () =>
    Array.from({ length: 6 }, () => random.pick(WORDS)).join(' '),
  );
  weights = withDrawnHead(await base.readWeights(), config.dim, 4).set('classifier.bias', {
    dtype: 'F32',
    shape: [2],
    data: new Float32Array(2),
  });
  const margins = await computeMargins(buildClassifierGraph(config, weights), tokenizer, drawn, RUN);
  const middle = margins.toSorted()[2000] ?? NaN;
  // What float32 says of the texts is taken for the truth, and the closest decisions are asked for: int8 errs
  // in some of them.
  weights.set('classifier.bias', { dtype: 'F32', shape: [2], data: Float32Array.of(middle, 0) });
  const closest = drawn
    .map((text, row) => ({ text, distance: (margins[row] ?? NaN) - middle }))
    .filter(({ distance }) => Math.abs(distance) > 1e-4)
    .toSorted((a, b) => Math.abs(a.distance) - Math.abs(b.distance))
    .slice(0, 50);
  rows = {
    texts: closest.map(({ text }) => text),
    labels: closest.map(({ distance }) => (distance > 0 ? 1 : 0)),
    weights: closest.map(() => 1),
  };
});
afterAll(() => rm(folder, { recursive: true }));

function judge(precisionTolerance: number): Promise<PrecisionChoice> {
  const options = { ...RUN, precisionTolerance, calibrationTexts: rows.texts };
  return calibrateAndChoosePrecision({ config, weights, priorShift: 0 }, tokenizer, rows, options);
}

describe('the precision that is served', () => {
  it('is int8 where it loses no more than the tolerance, and float32 where it loses more', async () => {
    const { metrics } = await judge(1);
    const lost = metrics.fp32.accuracy - metrics.int8.accuracy;
    expect(metrics.fp32.accuracy).toBe(1);
    expect(lost).toBeGreaterThan(0);
    const chosen = async (tolerance: number): Promise<string> => (await judge(tolerance)).servePrecision;
    expect(await chosen(lost)).toBe('int8');
    expect(await chosen(lost + 0.001)).toBe('int8');
    expect(await chosen(lost - 0.001)).toBe('fp32');
    expect(await chosen(0)).toBe('fp32');
  });

  it.each([
    [0, 'fp32'],
    [1, 'int8'],
  ] as const)('of a model whose recipe bears a loss of %s is %s', async (precisionTolerance, precision) => {
    const lines = rows.texts.map((text, row) => `,${text},${rows.labels[row]}`);
    const file = path.join(folder, 'rows.csv');
    await writeFile(file, ['title,description,label', ...lines, ''].join('\n'));
    const base = path.join(folder, 'base');
    await writeWeights(path.join(base, 'model.safetensors'), weights);
    // A training that leaves the weights as they are.
    const settings = { name: 'still', trainer: 'full', epochs: 1, learningRate: 1e-30, maxLength: 16 };
    const outputDirectory = path.join(folder, `serves-${precision}`);
    const request = {
      recipe: parseRecipe({ ...settings, export: { precisionTolerance } }, 'a test'),
      base,
      trainFile: file,
      validationFile: file,
      seed: 1,
      threads: 1,
      cacheDirectory: path.join(folder, 'cache'),
      workDirectory: path.join(folder, 'work'),
      outputDirectory,
    };
    await runTraining(request, HOOKS);
    const classifier = await openClassifier(outputDirectory);
    expect(classifier.info.precision).toBe(precision);
    await classifier.close();
  });
});
