/**
 * Largest resident memory of a whole training process, export and quantisation included, on rows as long as
 * the encoder is trained on (batch 16, 128 tokens): our 7 x 384 encoder, and DistilBERT-base's sizes with
 * random weights.
 *
 * npm run bench:memory [-- --models encoder-7x384,distilbert-base]
 *
 * Exits with 1 when it exceeds 1.5 GB (10^9 bytes) for our encoder or 4 GB for DistilBERT-base: so a training
 * of the default recipe fits a container of 2 GB beside the server, and one of DistilBERT-base a machine of 8
 * GB.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../src/core/paths.ts';
import { createRandom } from '../src/core/random.ts';
import { readRecipe, trainCandidate, writeWeights } from '../src/ml/index.ts';
import { readOptions } from './read-options.ts';
import { MODELS, type BenchModel } from './training/shapes.ts';

/**
 * Enough for some steps, checkpoints, validations and a refit; half of the vocabulary occurs, so that its
 * rows are trained.
 */
const ROWS = { train: 128, validation: 32 };
const WORDS_PER_ROW = 160;
const encoder = path.join(packageRoot, 'assets', 'encoder');

const values = readOptions(import.meta.url, {
  models: { type: 'string', default: MODELS.map(({ name }) => name).join(',') },
});
await mkdir(path.join(packageRoot, 'var', 'bench'), { recursive: true });
const folder = await mkdtemp(path.join(packageRoot, 'var', 'bench', 'memory-'));
try {
  const files = { train: path.join(folder, 'train.csv'), validation: path.join(folder, 'validation.csv') };
  await writeFile(files.train, await drawCsv(ROWS.train, 1));
  await writeFile(files.validation, await drawCsv(ROWS.validation, 2));
  for (const name of values.models.split(',')) {
    const model = MODELS.find((known) => known.name === name);
    if (model === undefined) throw new Error(`there is no model "${name}"`);
    const { peakRssBytes } = await train(model, files);
    const isMet = peakRssBytes < model.memoryLimitBytes;
    console.info(
      `${name}: ${(peakRssBytes / 1e9).toFixed(2)} GB at the peak of the whole training process, ` +
        `limit ${model.memoryLimitBytes / 1e9} GB${isMet ? '' : ' MISSED'}`,
    );
    if (!isMet) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function train(model: BenchModel, files: { train: string; validation: string }) {
  const base = path.join(folder, model.name);
  await cp(encoder, base, { recursive: true });
  const { configJson, weights } = await model.load();
  await writeFile(path.join(base, 'config.json'), JSON.stringify(configJson));
  await writeWeights(path.join(base, 'model.safetensors'), weights);
  return trainCandidate({
    recipe: await readRecipe(path.join(packageRoot, 'config', 'recipes'), 'full', {
      epochs: 2,
      checkpointEverySteps: 5,
    }),
    seed: 1,
    trainFile: files.train,
    validationFile: files.validation,
    base,
    cacheDirectory: path.join(packageRoot, 'var', 'hub'),
    outputDirectory: path.join(folder, `${model.name}-model`),
    workDirectory: path.join(folder, `${model.name}-work`),
    threads: 2,
  });
}

/** Rows of random words of the vocabulary, half of them of each label. */
async function drawCsv(rows: number, seed: number): Promise<string> {
  const vocabulary = await readFile(path.join(encoder, 'vocab.txt'), 'utf8');
  const words = vocabulary.split('\n').filter((word) => /^[a-z]{3,}$/.test(word));
  const random = createRandom(seed);
  const lines = Array.from({ length: rows }, (_, row) => {
    const text = Array.from({ length: WORDS_PER_ROW }, () => random.pick(words)).join(' ');
    return `"","${text}",${row % 2}`;
  });
  return ['title,description,label', ...lines, ''].join('\n');
}
