/**
 * Public data sets that some benches need and that are not ours to ship: where they are looked for and what
 * they are.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { AppError } from '../src/core/errors.ts';
import { packageRoot } from '../src/core/paths.ts';

const FOLDERS = [
  path.join(packageRoot, 'var', 'bench-data'),
  path.resolve(packageRoot, '..', 'shared', 'data'),
];

/** File by file, what it holds and where it comes from. */
const DATA_SETS = {
  'sst2-train.tsv':
    'sentences of SST-2 (the Stanford Sentiment Treebank, two classes), a tab and 0 or 1 behind each',
  'sst2-dev.tsv': 'the 872 dev sentences of SST-2, in the same form',
  'clothing-reviews.csv': "Women's E-Commerce Clothing Reviews (Kaggle): columns Title, Review Text, Rating",
  'products.json': 'an array of products with title and description, say those of dummyjson.com/products',
} as const;
export type BenchData = keyof typeof DATA_SETS;

/** @returns undefined where the file is in none of the folders */
export function findBenchData(name: BenchData): string | undefined {
  return FOLDERS.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
}

/** @throws AppError `not-found` that says what to put where */
export function requireBenchData(name: BenchData): string {
  const file = findBenchData(name);
  if (file !== undefined) return file;
  throw new AppError(
    'not-found',
    `this bench needs ${name}: ${DATA_SETS[name]}. Put it into ${FOLDERS[0]} and run the bench again`,
  );
}
