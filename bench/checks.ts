/**
 * What the checks of a dataset find: npm run bench:checks
 *
 *   label errors     SST-2 and the clothing reviews, where they are found (bench/README.md), with 10 % and
 *                    20 % of their labels flipped: share found and precision by the out-of-fold model that a
 *                    version is checked with; with `--python`, the rows that cleanlab finds on the same
 *                    probabilities beside them
 *   review           with `--review N`: what the recipe `head` loses on N rows of SST-2 of which 10 % are
 *                    flipped, and what it has again once a person has looked at the worst 5 %; its accuracy
 *                    on as many other rows, whose labels are right
 *   near duplicates  `--rows` made texts and a hundredth of them again (in capitals, another colour, another
 *                    order, a sentence more): recall, precision, time and memory
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { loadConfig } from '../src/core/config/index.ts';
import { createRandom } from '../src/core/random.ts';
import { createNearDuplicateFinder, createOutOfFold, findLabelErrors } from '../src/data/index.ts';
import { hubOf, readRecipe, trainCandidate } from '../src/ml/index.ts';
import { findBenchData } from './data.ts';
import { readOptions } from './read-options.ts';

const values = readOptions(import.meta.url, {
  rows: { type: 'string', default: '100000' },
  python: { type: 'string' },
  review: { type: 'string' },
});

interface Labelled {
  text: string;
  label: number;
}

function readSst2(): Labelled[] | undefined {
  const file = findBenchData('sst2-train.tsv');
  if (file === undefined) return undefined;
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [text = '', label = '0'] = line.split('\t');
    return { text, label: Number(label) };
  });
}

function readClothing(): Labelled[] | undefined {
  const file = findBenchData('clothing-reviews.csv');
  if (file === undefined) return undefined;
  const rows = parse(readFileSync(file), { columns: true, bom: true }) as Record<string, string>[];
  return rows.map((row) => ({
    text: `${row['Title'] ?? ''}\n${row['Review Text'] ?? ''}`,
    label: Number(row['Recommended IND']),
  }));
}

function measureLabelErrors(name: string, rows: readonly Labelled[], share: number): void {
  const random = createRandom(17);
  const flipped = new Set(rows.flatMap((_, i) => (random.chance(share) ? [i] : [])));
  const labels = rows.map(({ label }, i) => (flipped.has(i) ? 1 - label : label));
  const model = createOutOfFold();
  for (const [i, { text }] of rows.entries()) model.add(text, labels[i] as number, i);
  const startedAt = performance.now();
  const probabilities = model.predict();
  const seconds = (performance.now() - startedAt) / 1000;
  const found = findLabelErrors(labels, probabilities);
  const hits = found.filter((row) => flipped.has(row)).length;
  const worst = found.slice(0, Math.round(rows.length * 0.05));
  const worstHits = worst.filter((row) => flipped.has(row)).length;
  console.info(
    `${name}, ${share * 100} % flipped: ${found.length} suspected, ${percent(hits / flipped.size)} of the flipped found, precision ${percent(hits / found.length)}; of the worst 5 % ${percent(worstHits / worst.length)} are flipped; ${seconds.toFixed(1)} s`,
  );
  if (values.python !== undefined) compareWithCleanlab(values.python, labels, probabilities, found);
}

async function measureReview(rows: readonly Labelled[], count: number): Promise<void> {
  const random = createRandom(23);
  const drawn = random.shuffle([...rows]).slice(0, 2 * count);
  const [train, validation] = [drawn.slice(0, count), drawn.slice(count)];
  const flipped = train.map((row) => (random.chance(0.1) ? { ...row, label: 1 - row.label } : row));
  const model = createOutOfFold();
  for (const [i, { text, label }] of flipped.entries()) model.add(text, label, i);
  const labels = flipped.map(({ label }) => label);
  const worst = new Set(findLabelErrors(labels, model.predict()).slice(0, Math.round(count * 0.05)));
  // A person who looks at a row sees what it says.
  const reviewed = flipped.map((row, i) => (worst.has(i) ? (train[i] ?? row) : row));
  const accuracies: number[] = [];
  for (const set of [train, flipped, reviewed]) accuracies.push(await trainHead(set, validation));
  const [clean = 0, noisy = 0, after = 0] = accuracies;
  console.info(
    `review of the worst 5 % of ${count} rows of SST-2, 10 % flipped: ${percent(noisy)} before, ${percent(after)} after, ${percent(clean)} with every label right`,
  );
}

/** @returns accuracy on the validation rows */
async function trainHead(train: readonly Labelled[], validation: readonly Labelled[]): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-review-'));
  try {
    const write = async (name: string, rows: readonly Labelled[]): Promise<string> => {
      const file = path.join(folder, name);
      const cells = rows.map(({ text, label }) => ['', text, label]);
      await writeFile(file, stringify([['title', 'description', 'label'], ...cells]));
      return file;
    };
    const { config } = loadConfig({ env: {} });
    const result = await trainCandidate({
      recipe: await readRecipe(config.model.recipes, 'head', {}),
      seed: 1,
      trainFile: await write('train.csv', train),
      validationFile: await write('validation.csv', validation),
      base: config.model.base,
      ...hubOf(config),
      outputDirectory: path.join(folder, 'model'),
      workDirectory: path.join(folder, 'work'),
      threads: 0,
    });
    return result.validation.accuracy;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function compareWithCleanlab(
  python: string,
  labels: readonly number[],
  probabilities: Float64Array,
  found: readonly number[],
): void {
  const script = `import json,sys
import numpy as np
from cleanlab.filter import find_label_issues
case=json.load(sys.stdin)
one=np.array(case["probabilities"])
print(json.dumps(np.flatnonzero(find_label_issues(np.array(case["labels"]),np.stack([1-one,one],axis=1))).tolist()))`;
  const input = JSON.stringify({ labels, probabilities: [...probabilities] });
  const ran = spawnSync(python, ['-c', script], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (ran.status !== 0) {
    console.info(`  cleanlab: not measured (${ran.stderr.trim().split('\n').at(-1)})`);
    return;
  }
  const theirs = new Set(JSON.parse(ran.stdout) as number[]);
  const both = found.filter((row) => theirs.has(row)).length;
  console.info(`  cleanlab finds ${theirs.size}; ${both} are the same`);
}

function measureNearDuplicates(rows: number): void {
  const random = createRandom(5);
  const vocabulary = Array.from({ length: 8000 }, (_, i) => `w${i.toString(36)}`);
  // Few words are common, as in every language.
  const word = (): string => vocabulary[Math.floor(8000 ** random.next()) - 1] ?? 'w0';
  const draw = (): string[] => Array.from({ length: 30 }, word);
  const make: readonly ((words: readonly string[]) => string)[] = [
    (words) => words.join(' ').toUpperCase(),
    (words) => ['crimson', ...words.slice(1)].join(' '),
    (words) => [...words.slice(15), ...words.slice(0, 15)].join(' '),
    (words) => [...words, 'it', 'ships', 'within', 'two', 'days'].join(' '),
  ];
  const finder = createNearDuplicateFinder(0.7);
  const pairs: [number, number][] = [];
  const startedAt = performance.now();
  let count = 0;
  const add = (text: string): number => {
    finder.add(text, createHash('sha256').update(text).digest(), false);
    return count++;
  };
  for (let i = 0; i < rows; i += 1) {
    const words = draw();
    const row = add(words.join(' '));
    if (i % 100 === 0)
      pairs.push([row, add((make[(i / 100) % make.length] as (typeof make)[number])(words))]);
  }
  const found = finder.find();
  const seconds = (performance.now() - startedAt) / 1000;
  const hits = pairs.filter(([a, b]) => found.anchorOf(a) === found.anchorOf(b)).length;
  console.info(
    `near duplicates among ${count} rows: recall ${percent(hits / pairs.length)}, precision ${percent(hits / found.count)}, ${seconds.toFixed(1)} s, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`,
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

for (const [name, rows] of [
  ['SST-2', readSst2()],
  ['clothing reviews', readClothing()],
] as const) {
  if (rows === undefined) console.info(`${name}: not measured, its file is not here`);
  else for (const share of [0.1, 0.2]) measureLabelErrors(name, rows, share);
}
const sentences = values.review === undefined ? undefined : readSst2();
if (sentences !== undefined) await measureReview(sentences, Number(values.review));
measureNearDuplicates(Number(values.rows));
