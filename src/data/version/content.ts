/**
 * What a record is, apart from its label: the hash of its text. It decides what is a duplicate and, with its
 * product, the split.
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

/**
 * Group of rows that say nearly the same: with it stands what decides the split of the row that they follow.
 */
export const NEAR_GROUP = 'near:';
const NEAR_KEY = /^near:([0-9a-f]{64})$/u;

/** sha256 of the normalised title and description, as bytes. */
export function hashContent(title: string, description: string): Buffer {
  return createHash('sha256')
    .update(`${normalise(title)}\u0000${normalise(description)}`)
    .digest();
}

/**
 * What decides the split of a row: its text, or the product where it is one of several rows of it, or the row
 * that it is nearly the same as, so that none of these is on both sides.
 * @param content the hash of `hashContent`, where it is known
 */
export function hashSplitKey(
  row: { title: string; description: string; group?: string | undefined },
  content?: Buffer,
): Buffer {
  const { group = '' } = row;
  if (group === '') return content ?? hashContent(row.title, row.description);
  const near = NEAR_KEY.exec(group)?.[1];
  if (near !== undefined) return Buffer.from(near, 'hex');
  return createHash('sha256')
    .update(`product\u0000${normalise(group)}`)
    .digest();
}

/**
 * The split of a text: the same in every version and whatever its label, so that no row that a model was
 * trained on is ever held out.
 * @param content the hash of `hashSplitKey`
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
