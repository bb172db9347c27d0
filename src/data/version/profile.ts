/**
 * What a version looks like, small enough to lie beside it: quantiles of its numbers, counts of its
 * categories and labels, its vocabulary. The next version is compared with it.
 *
 * Rows arrive in the order of their content hash, so the first SAMPLE_ROWS of them are a uniform sample:
 * quantiles and vocabulary come from these, counts from all rows.
 */
import { z } from 'zod';
import { assertNever } from '../../core/errors.ts';
import { normalise } from './content.ts';
import type { DatasetRow } from './dataset-row.ts';

export const SAMPLE_ROWS = 10_000;
const QUANTILES = 10;
const MAX_CATEGORIES = 200;
const MAX_WORDS = 50_000;
export const OTHER_CATEGORY = '(other)';

export const NUMERIC_FEATURES = ['price', 'rating', 'titleWords', 'descriptionWords'] as const;
export type NumericFeature = (typeof NUMERIC_FEATURES)[number];

const countsSchema = z.record(z.string(), z.int());

export const profileSchema = z.strictObject({
  rows: z.int(),
  positives: z.int(),
  numeric: z.record(
    z.enum(NUMERIC_FEATURES),
    z.strictObject({
      /**
       * Ascending inner borders of at most ten bins; a value belongs to the bin of the first border above it.
       */
      edges: z.array(z.number()),
      /** One a bin, then one for rows without a value. */
      counts: z.array(z.int()),
      mean: z.number().nullable(),
    }),
  ),
  categories: countsSchema,
  /** Words of the first half of the sample. */
  vocabulary: z.array(z.string()),
  /** Words of the second half: how many there are, and how many of them the first half does not know. */
  words: z.int(),
  unknownWords: z.int(),
});
export type Profile = z.infer<typeof profileSchema>;

export interface ProfileBuilder {
  add(row: DatasetRow): void;
  build(): Profile;
}

export function createProfileBuilder(): ProfileBuilder {
  const numeric = Object.fromEntries(NUMERIC_FEATURES.map((name) => [name, createNumericCounter()]));
  const categories = new Map<string, number>();
  const sample: string[] = [];
  let rows = 0;
  let positives = 0;

  return {
    add: (row) => {
      rows += 1;
      positives += row.label;
      for (const name of NUMERIC_FEATURES) numeric[name]?.add(readNumeric(row, name));
      countCategory(categories, row.category);
      if (sample.length < SAMPLE_ROWS) sample.push(`${row.title} ${row.description}`);
    },
    build: () => {
      const half = Math.ceil(sample.length / 2);
      const vocabulary = new Set<string>();
      for (const text of sample.slice(0, half)) {
        for (const word of splitWords(text)) if (vocabulary.size < MAX_WORDS) vocabulary.add(word);
      }
      const heldWords = sample.slice(half).flatMap(splitWords);
      return {
        rows,
        positives,
        numeric: Object.fromEntries(
          NUMERIC_FEATURES.map((name) => [name, numeric[name]?.build()]),
        ) as Profile['numeric'],
        categories: Object.fromEntries(categories),
        vocabulary: [...vocabulary],
        words: heldWords.length,
        unknownWords: heldWords.filter((word) => !vocabulary.has(word)).length,
      };
    },
  };
}

export function readNumeric(row: DatasetRow, name: NumericFeature): number | null {
  switch (name) {
    case 'price':
      return row.price;
    case 'rating':
      return row.rating;
    case 'titleWords':
      return splitWords(row.title).length;
    case 'descriptionWords':
      return splitWords(row.description).length;
    default:
      return assertNever(name);
  }
}

export function countCategory(counts: Map<string, number>, category: string): void {
  const name = counts.has(category) || counts.size < MAX_CATEGORIES ? category : OTHER_CATEGORY;
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

export function splitWords(text: string): string[] {
  return normalise(text).match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Index of the bin of `value`; the last one is for rows without a value. */
export function binOf(value: number | null, edges: readonly number[]): number {
  if (value === null) return edges.length + 1;
  let bin = 0;
  while (bin < edges.length && value >= (edges[bin] as number)) bin += 1;
  return bin;
}

function createNumericCounter() {
  const sample: (number | null)[] = [];
  let edges: number[] | undefined;
  let counts: number[] = [];
  let sum = 0;
  let present = 0;

  const settle = (): number[] => {
    const sorted = sample.filter((value) => value !== null).toSorted((a, b) => a - b);
    const borders = Array.from({ length: QUANTILES - 1 }, (_, i) => {
      return sorted[Math.floor(((i + 1) * sorted.length) / QUANTILES)];
    }).filter((value) => value !== undefined);
    // A border at the smallest value would leave the bin below it empty.
    const inner = [...new Set(borders)].filter((border) => border > (sorted[0] ?? Infinity));
    counts = Array.from({ length: inner.length + 2 }, () => 0);
    for (const value of sample) countInto(value, inner);
    edges = inner;
    return inner;
  };
  const countInto = (value: number | null, borders: readonly number[]): void => {
    const bin = binOf(value, borders);
    counts[bin] = (counts[bin] ?? 0) + 1;
  };

  return {
    add: (value: number | null): void => {
      if (value !== null) {
        sum += value;
        present += 1;
      }
      if (edges !== undefined) return countInto(value, edges);
      sample.push(value);
      if (sample.length === SAMPLE_ROWS) settle();
    },
    build: () => ({
      edges: edges ?? settle(),
      counts,
      mean: present === 0 ? null : sum / present,
    }),
  };
}
