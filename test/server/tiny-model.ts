/** Model directories of a tiny base, by the code that trains real ones. */
import path from 'node:path';
import { packageRoot } from '../../src/core/paths.ts';
import { readRecipe, trainCandidate } from '../../src/ml/index.ts';
import { writeTinyBase, writeTinyRows } from '../ml/tiny-base.ts';

/** Trains `names.length` different models below `folder` and gives their directories. */
export async function trainTinyModels(folder: string, names: readonly string[]): Promise<string[]> {
  const shared = {
    trainFile: await writeTinyRows(path.join(folder, 'train.csv'), 120, 1),
    validationFile: await writeTinyRows(path.join(folder, 'validation.csv'), 40, 2),
    base: await writeTinyBase(path.join(folder, 'base')),
    cacheDirectory: path.join(folder, 'hub'),
    threads: 1,
    recipe: await readRecipe(path.join(packageRoot, 'config/recipes'), 'head', {
      maxLength: 32,
      batchSize: 16,
      epochs: 3,
      learningRate: 0.01,
    }),
  };
  const directories: string[] = [];
  for (const [index, name] of names.entries()) {
    const { modelDirectory } = await trainCandidate({
      ...shared,
      seed: index + 1,
      outputDirectory: path.join(folder, name),
      workDirectory: path.join(folder, `${name}-work`),
    });
    directories.push(modelDirectory);
  }
  return directories;
}
