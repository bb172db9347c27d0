/**
 * What a record is, apart from its label: the hash of its text. It decides what is a duplicate and which
 * split a row belongs to.
 */
import { createHash } from 'node:crypto';

export const SPLITS = ['train', 'validation', 'holdout'] as const;
export type Split = (typeof SPLITS)[number];

export interface SplitFractions {
  /** Of all rows. */
  holdoutFraction: number;
  /** Of the rows that are not held out. */
  validationFraction: number;
}

/** sha256 of the normalised title and description, as bytes. */
export function hashContent(title: string, description: string): Buffer {
  return createHash('sha256')
    .update(`${normalise(title)}\u0000${normalise(description)}`)
    .digest();
}

/**
 * The split of a text: the same in every version and whatever its label, so that no row that a model was
 * trained on is ever held out.
 * @param content the hash of `hashContent`
 */
export function splitOf(content: Buffer, fractions: SplitFractions): Split {
  const uniform = splitPosition(content);
  const { holdoutFraction, validationFraction } = fractions;
  if (uniform < holdoutFraction) return 'holdout';
  const rest = (uniform - holdoutFraction) / (1 - holdoutFraction);
  return rest < validationFraction ? 'validation' : 'train';
}

/** Where a text stands among all, from 0 to 1: what lies below the fraction of the holdout is held out. */
export function splitPosition(content: Buffer): number {
  // Bytes 8 to 13: rows are ordered and sampled by the first ones, which must say nothing about the split.
  return content.readUIntBE(8, 6) / 2 ** 48;
}

/** Compatibility forms, case and white space make no difference. */
export function normalise(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}
