/** The SST-2 sentences, and a folder with all that a training on either side needs. */
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sha256Hex } from '../../src/core/ids.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { hashWeights, writeWeights, type DistilBertConfig, type Weights } from '../../src/ml/index.ts';
import { requireBenchData, type BenchData } from '../data.ts';
import { MODELS } from '../training/shapes.ts';

export interface Sentences {
  readonly texts: readonly string[];
  readonly labels: readonly (0 | 1)[];
}

export interface Sst2 {
  readonly train: Sentences;
  readonly dev: Sentences;
  readonly config: DistilBertConfig;
  /** Encoder and head: both sides start from the same. */
  readonly weights: Weights;
  /** Of what both sides start from and learn. */
  readonly hashes: { readonly base: string; readonly train: string; readonly dev: string };
  /**
   * A base model directory with `data.json` for PyTorch and `train.csv`, `dev.csv` for ours; the caller
   * removes it.
   */
  readonly folder: string;
}

/** @param rows of the training set */
export async function prepareSst2(rows: number): Promise<Sst2> {
  const [model] = MODELS;
  if (model === undefined) throw new Error('the base encoder is missing');
  const { config, configJson, weights } = await model.load();
  const train = await readSentences('sst2-train.tsv', rows);
  const dev = await readSentences('sst2-dev.tsv', Infinity);

  const parent = path.join(packageRoot, 'var', 'bench');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, 'sst2-'));
  await cp(path.join(packageRoot, 'assets', 'encoder'), folder, { recursive: true });
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(configJson));
  await writeWeights(path.join(folder, 'model.safetensors'), weights);
  await writeFile(path.join(folder, 'data.json'), JSON.stringify({ train, dev }));
  await writeFile(path.join(folder, 'train.csv'), renderCsv(train));
  await writeFile(path.join(folder, 'dev.csv'), renderCsv(dev));
  const hashes = {
    base: hashWeights(weights),
    train: sha256Hex(JSON.stringify(train)),
    dev: sha256Hex(JSON.stringify(dev)),
  };
  return { train, dev, config, weights, hashes, folder };
}

/** Lines of sentence and label, separated by a tab. */
async function readSentences(name: BenchData, limit: number): Promise<Sentences> {
  const content = await readFile(requireBenchData(name), 'utf8');
  const pairs = content
    .split('\n')
    .map((line) => /^(.+)\t([01])\s*$/.exec(line))
    .filter((match) => match !== null)
    .slice(0, limit);
  return {
    texts: pairs.map(([, text = '']) => text.trim()),
    labels: pairs.map(([, , label]) => (label === '1' ? 1 : 0)),
  };
}

function renderCsv({ texts, labels }: Sentences): string {
  const lines = texts.map((text, row) => `,"${text.replaceAll('"', '""')}",${labels[row]}`);
  return ['title,description,label', ...lines, ''].join('\n');
}
