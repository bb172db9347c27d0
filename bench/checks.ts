/**
 * What the checks of a dataset find: npm run bench:checks
 *
 *   label errors     SST-2 and the clothing reviews, where they are found (bench/README.md), with 10 % and
 *                    20 % of their labels flipped: share found and precision by the out-of-fold model that a
 *                    version is checked with; with `--python`, the rows that cleanlab finds on the same
 *                    probabilities beside them
 *   near duplicates  `--rows` made texts and a hundredth of them again (in capitals, another colour, another
 *                    order, a sentence more): recall, precision, time and memory
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { createRandom } from '../src/core/random.ts';
import { createNearDuplicateFinder, createOutOfFold, findLabelErrors } from '../src/data/index.ts';
import { findBenchData } from './data.ts';
import { readOptions } from './read-options.ts';

const values = readOptions(import.meta.url, {
  rows: { type: 'string', default: '100000' },
  python: { type: 'string' },
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
measureNearDuplicates(Number(values.rows));
