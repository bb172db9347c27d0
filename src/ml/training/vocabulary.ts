/**
 * The part of the vocabulary that a data set uses, renumbered without gaps.
 *
 * A word that never occurs gets no gradient, so AdamW does nothing to its row but decay it. Leaving those rows
 * out makes the embedding, its gradient and its moments several times smaller, and a dense AdamW over what is left
 * equals one over the whole table; the rows left out are decayed once, at the end.
 */
import { AppError } from '../../core/errors.ts';

export interface Vocabulary {
  /** Original ids in use, ascending. */
  readonly ids: Int32Array;
  /** Number of an original id among those in use. */
  numberOf(id: number): number;
}

export function collectVocabulary(
  size: number,
  sequences: Iterable<readonly number[]>,
  padTokenId: number,
): Vocabulary {
  const used = new Uint8Array(size);
  const mark = (id: number): void => {
    if (!(id >= 0 && id < size)) {
      throw new AppError('bad-data', `the token id ${id} lies outside the encoder's vocabulary of ${size}`);
    }
    used[id] = 1;
  };
  mark(padTokenId);
  for (const sequence of sequences) sequence.forEach(mark);

  const ids = Int32Array.from([...used.keys()].filter((id) => used[id] === 1));
  const numbers = new Int32Array(size).fill(-1);
  ids.forEach((id, number) => {
    numbers[id] = number;
  });
  return { ids, numberOf: (id) => numbers[id] as number };
}

/** The rows in use, taken out of a whole table of `dim` columns. */
export function selectRows(table: Float32Array, dim: number, { ids }: Vocabulary): Float32Array {
  const rows = new Float32Array(ids.length * dim);
  ids.forEach((id, number) => rows.set(table.subarray(id * dim, (id + 1) * dim), number * dim));
  return rows;
}

/** A whole table: the trained rows in their places, every other row decayed. */
export function restoreRows(
  table: Float32Array,
  dim: number,
  { ids }: Vocabulary,
  rows: Float32Array,
  decay: number,
): Float32Array {
  const whole = table.map((value) => value * decay);
  ids.forEach((id, number) => whole.set(rows.subarray(number * dim, (number + 1) * dim), id * dim));
  return whole;
}
