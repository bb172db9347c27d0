import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { packageRoot } from '../../src/core/paths.ts';
import { generateRecords } from '../../src/data/index.ts';
import { readRecipe, trainCandidate } from '../../src/ml/index.ts';

/**
 * A `head` model of the shipped encoder; what it has learned does not matter here. Kept below var/.
 * The `opposite` one was taught the opposite of every label, so that the two never agree on a text.
 */
export async function trainBenchModel(kind: 'plain' | 'opposite' = 'plain'): Promise<string> {
  const folder = path.join(packageRoot, 'var', 'bench-serve');
  const outputDirectory = path.join(folder, kind === 'plain' ? 'model' : 'model-opposite');
  if (existsSync(outputDirectory)) return outputDirectory;
  const work = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-train-'));
  const rows = [...generateRecords({ count: 400, seed: 1 })].map((record) => ({
    title: record.title,
    description: record.description,
    label: record.rating >= 3.5 === (kind === 'plain') ? 1 : 0,
  }));
  const write = async (name: string, part: typeof rows): Promise<string> => {
    const file = path.join(work, name);
    await writeFile(file, stringify(part, { header: true }));
    return file;
  };
  try {
    await trainCandidate({
      recipe: await readRecipe(path.join(packageRoot, 'config', 'recipes'), 'head'),
      seed: 1,
      trainFile: await write('train.csv', rows.slice(0, 320)),
      validationFile: await write('validation.csv', rows.slice(320)),
      base: path.join(packageRoot, 'assets', 'encoder'),
      cacheDirectory: path.join(packageRoot, 'var', 'hub'),
      outputDirectory,
      workDirectory: path.join(work, 'work'),
      threads: 0,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return outputDirectory;
}
