/**
 * What the checks of a dataset find: npm run bench:checks
 *
 *   label errors     SST-2 and the clothing reviews, where they are found (bench/README.md), with 10 % and
 *                    20 % of their labels flipped: share found and precision by the out-of-fold model that a
 *                    version is checked with; with `--python`, the rows that cleanlab finds on the same
 *                    probabilities beside them
 *   review           with `--review N`: what the recipe `head` loses on N rows of either, of which 10 % and
 *                    20 % are flipped, and what it has again once a person has looked at the worst 5 % and
 *                    10 %; its accuracy on other rows, whose labels are right: mean and standard deviation
 *                    over `--seeds`
 *   near duplicates  `--rows` made texts and a hundredth of them again (in capitals, another colour, another
 *                    order, a sentence more): recall, precision, time and memory
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { loadConfig } from '../src/core/config/index.ts';
import { createRandom } from '../src/core/random.ts';
import { createNearDuplicateFinder, createOutOfFold, findLabelErrors } from '../src/data/index.ts';
import { hubOf, readBaseModel, resolveBaseDirectory } from '../src/ml/base/index.ts';
import { trainHeadOnStates } from '../src/ml/candidate/head.ts';
import type { LabelledTexts } from '../src/ml/candidate/trainer.ts';
import { readRecipe } from '../src/ml/index.ts';
import { computeStates } from '../src/ml/scoring/index.ts';
import { openTokenizer } from '../src/ml/text/index.ts';
import { findBenchData } from './data.ts';
import { createMargins } from './loop/learner.ts';
import { readOptions } from './read-options.ts';

const values = readOptions(import.meta.url, {
  rows: { type: 'string', default: '100000' },
  python: { type: 'string' },
  review: { type: 'string' },
  seeds: { type: 'string', default: '3' },
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

/** Shares of the rows that a person looks at. */
const REVIEWED = [0.05, 0.1];

/** Rows that an accuracy is told by, at most. */
const TOLD_BY = 1000;

/** Every row is read once; the rows, the flips and the training are drawn anew for each seed. */
async function measureReview(name: string, all: readonly Labelled[], asked: number): Promise<void> {
  const count = Math.min(asked, Math.round(all.length * 0.6));
  const rows = createRandom(23)
    .shuffle([...all])
    .slice(0, count + TOLD_BY);
  const learn = await openLearner(rows.map(({ text }) => text));
  const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i + 1);
  for (const share of [0.1, 0.2]) {
    const accuracies: number[][] = [];
    for (const seed of seeds) {
      const random = createRandom(seed);
      const order = random.shuffle([...rows.keys()]);
      const told = pick(rows, order.slice(count));
      const right = pick(rows, order.slice(0, count));
      const flipped = right.map((row) => (random.chance(share) ? { ...row, label: 1 - row.label } : row));
      const sets = [right, flipped, ...REVIEWED.map((part) => review(flipped, right, part))];
      const scores: number[] = [];
      for (const set of sets) scores.push(await learn(set, told, seed));
      accuracies.push(scores);
    }
    const column = (i: number): number[] => accuracies.map((scores) => scores[i] ?? 0);
    const gains = REVIEWED.map((part, i) => {
      const gained = column(2 + i).map((after, k) => after - (column(1)[k] ?? 0));
      return `worst ${percent(part)} reviewed ${spread(column(2 + i))} (won back ${spread(gained)})`;
    });
    console.info(
      `review, ${count} rows of ${name}, ${percent(share)} flipped, ${seeds.length} seeds: every label right ${spread(column(0))}, flipped ${spread(column(1))}, ${gains.join(', ')}`,
    );
  }
}

interface PlacedRow extends Labelled {
  place: number;
}

function pick(rows: readonly Labelled[], places: readonly number[]): PlacedRow[] {
  return places.map((place) => ({ ...(rows[place] as Labelled), place }));
}

/** A person who looks at a row sees what it says. */
function review(flipped: readonly PlacedRow[], right: readonly PlacedRow[], part: number): PlacedRow[] {
  const model = createOutOfFold();
  for (const [i, { text, label }] of flipped.entries()) model.add(text, label, i);
  const labels = flipped.map(({ label }) => label);
  const suspected = findLabelErrors(labels, model.predict());
  const worst = new Set(suspected.slice(0, Math.round(flipped.length * part)));
  return flipped.map((row, i) => (worst.has(i) ? (right[i] ?? row) : row));
}

type Learn = (train: readonly PlacedRow[], told: readonly PlacedRow[], seed: number) => Promise<number>;

/** The recipe `head` on the encoder's states. @returns accuracy on the rows that it is told by */
async function openLearner(texts: readonly string[]): Promise<Learn> {
  const { config } = loadConfig({ env: {} });
  const recipe = await readRecipe(config.model.recipes, 'head', {});
  const directory = await resolveBaseDirectory(config.model.base, hubOf(config));
  const base = await readBaseModel(directory);
  const tokenizer = await openTokenizer(base.directory);
  const states = await computeStates(base, tokenizer, texts, { maxLength: recipe.maxLength, threads: 2 });
  const { dim } = base.config;
  const gather = (rows: readonly PlacedRow[]): Float32Array => {
    const gathered = new Float32Array(rows.length * dim);
    rows.forEach(({ place }, i) => gathered.set(states.subarray(place * dim, (place + 1) * dim), i * dim));
    return gathered;
  };
  const toTexts = (rows: readonly PlacedRow[]): LabelledTexts => ({
    texts: rows.map(({ text }) => text),
    labels: rows.map(({ label }) => (label === 1 ? 1 : 0)),
    weights: rows.map(() => 1),
  });
  const nothing = (): void => {};
  return async (train, told, seed) => {
    // The epoch is chosen by rows that are as often wrong as those that teach, as in a run.
    const border = Math.round(train.length * 0.85);
    const [teaching, choosing] = [train.slice(0, border), train.slice(border)];
    const trained = await trainHeadOnStates(
      {
        base,
        train: toTexts(teaching),
        validation: toTexts(choosing),
        recipe,
        seed,
        signal: new AbortController().signal,
        onProgress: nothing,
        onEpoch: nothing,
        onStep: nothing,
      },
      { train: gather(teaching), validation: gather(choosing) },
    );
    const margins = createMargins(trained.weights, dim);
    const hits = told.filter(
      ({ place, label }) => (margins(states, place) - trained.priorShift > 0 ? 1 : 0) === label,
    );
    return hits.length / told.length;
  };
}

/** Mean and standard deviation of shares. */
function spread(shares: readonly number[]): string {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  return `${(100 * mean).toFixed(1)} ± ${(100 * Math.sqrt(squares / Math.max(1, shares.length - 1))).toFixed(1)} %`;
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
  if (rows === undefined) {
    console.info(`${name}: not measured, its file is not here`);
    continue;
  }
  for (const share of [0.1, 0.2]) measureLabelErrors(name, rows, share);
  if (values.review !== undefined) await measureReview(name, rows, Number(values.review));
}
measureNearDuplicates(Number(values.rows));
