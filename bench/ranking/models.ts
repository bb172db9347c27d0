/**
 * The two models of the ranking bench: trained on synthetic draws that share no record. Kept below var/,
 * since only their data, recipe and seed matter.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { evaluateModel, readRecipe, trainCandidate } from '../../src/ml/index.ts';
import { drawSynthetic, type BenchDataset } from '../quality/dataset.ts';

export interface BenchModel {
  directory: string;
  dataset: BenchDataset;
  /** On its own held-out rows. */
  accuracy: number;
}

export interface ModelRequest {
  recipe: string;
  /** Records drawn, and the seed that they are drawn and trained by. */
  count: number;
  seed: number;
  threshold: number;
}

export async function trainBenchModel(request: ModelRequest): Promise<BenchModel> {
  const { recipe, count, seed, threshold } = request;
  const folder = path.join(packageRoot, 'var', 'bench-ranking', `${recipe}-${count}-${threshold}-${seed}`);
  await mkdir(folder, { recursive: true });
  const dataset = await drawSynthetic({ count, seed, threshold }, folder);
  const directory = path.join(folder, 'model');
  if (!existsSync(directory)) {
    const work = await mkdtemp(path.join(tmpdir(), 'copyloop-ranking-'));
    await trainCandidate({
      recipe: await readRecipe(path.join(packageRoot, 'config', 'recipes'), recipe),
      seed,
      trainFile: dataset.files.train,
      validationFile: dataset.files.validation,
      base: path.join(packageRoot, 'assets', 'encoder'),
      cacheDirectory: path.join(packageRoot, 'var', 'hub'),
      outputDirectory: directory,
      workDirectory: path.join(work, 'checkpoints'),
      threads: 0,
    });
    await rm(work, { recursive: true, force: true });
  }
  const { metrics } = await evaluateModel(directory, dataset.rows.holdout, { threads: 2 });
  return { directory, dataset, accuracy: metrics.accuracy };
}
