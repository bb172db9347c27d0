/** Whether a training that was done is the one that is asked for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeTinyBase } from '../../../fixtures/tiny-base.ts';
import { readBaseModel } from '../../../src/ml/base/model.ts';
import { repeatsTraining } from '../../../src/ml/candidate/repeats-training.ts';
import type { TrainRequest } from '../../../src/ml/candidate/protocol.ts';
import { describeInputs, describeRuntime } from '../../../src/ml/provenance/index.ts';
import { parseRecipe } from '../../../src/ml/recipes.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-repeats-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('a training is repeated by one of the same rows, seed and threads, of whatever dataset version', async () => {
  const write = async (name: string, content: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, content);
    return file;
  };
  const base = await writeTinyBase(path.join(folder, 'base'));
  const trainFile = await write('train.csv', 'title,description,label\na,b,1\n');
  const validationFile = await write('validation.csv', 'title,description,label\nc,d,0\n');
  const recipe = parseRecipe({ name: 'tiny', trainer: 'head' }, 'a test');
  const digest = 'd'.repeat(64);
  const request: TrainRequest = {
    recipe,
    seed: 1,
    trainFile,
    validationFile,
    base,
    cacheDirectory: folder,
    outputDirectory: path.join(folder, 'model'),
    workDirectory: path.join(folder, 'work'),
    threads: 1,
    dataset: { version: 2, digest },
  };
  const done = {
    ...(await describeInputs({
      dataset: { version: 1, digest },
      trainFile,
      validationFile,
      seed: 1,
      base: await readBaseModel(base),
      baseName: base,
      threads: 1,
    })),
    recipe: { ...recipe, epochs: 7, learningRate: 0.01 },
    runtime: await describeRuntime('tfjs-wasm'),
    weightsSha256: 'a'.repeat(64),
  };
  expect(await repeatsTraining(request, done)).toBe(true);
  const otherRows = await write('other.csv', 'title,description,label\na,b,0\n');
  for (const change of [
    { seed: 2 },
    { threads: 2 },
    { trainFile: otherRows },
    { validationFile: otherRows },
    { dataset: { version: 1, digest: 'e'.repeat(64) } },
  ])
    expect(await repeatsTraining({ ...request, ...change }, done), JSON.stringify(change)).toBe(false);
});
