/**
 * Between a model's weights by name and the memory they are trained in, where the word embedding holds only
 * the rows that the data uses, renumbered without gaps.
 *
 * A token that never occurs gets no gradient, so AdamW does nothing to its row but decay it. Leaving those
 * rows out makes the embedding, its gradient and its moments several times smaller, and a dense AdamW over
 * what is left equals one over the whole table; the rows left out are decayed once, at the end.
 */
import { createRandom } from '../../core/random.ts';
import { weightReader, WORD_EMBEDDINGS, type DistilBertConfig, type Weights } from '../models/index.ts';
import { AppError } from '../../core/errors.ts';
import type { Slot, TrainingMemory } from '../wasm/index.ts';

export interface Vocabulary {
  /** Original ids in use, ascending. */
  readonly ids: Int32Array;
  /** Index of an original id among those in use. */
  indexOf(id: number): number;
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
  const indices = new Int32Array(size).fill(-1);
  ids.forEach((id, index) => {
    indices[id] = index;
  });
  return { ids, indexOf: (id) => indices[id] as number };
}

/** The rows in use, taken out of a whole table of `dim` columns. */
export function selectRows(table: Float32Array, dim: number, { ids }: Vocabulary): Float32Array {
  const rows = new Float32Array(ids.length * dim);
  ids.forEach((id, index) => rows.set(table.subarray(id * dim, (id + 1) * dim), index * dim));
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
  ids.forEach((id, index) => whole.set(rows.subarray(index * dim, (index + 1) * dim), id * dim));
  return whole;
}

interface Source {
  readonly config: DistilBertConfig;
  readonly weights: Weights;
  readonly seed: number;
}

/**
 * Fills the memory's weights. A head that the weights lack is drawn as Hugging Face does: normal, biases
 * zero.
 */
export function loadWeights(
  memory: TrainingMemory,
  { config, weights, seed }: Source,
  vocabulary: Vocabulary,
): void {
  const read = weightReader(weights);
  const random = createRandom([seed, 0x68656164, 0x85ebca6b, 0xc2b2ae35]);
  for (const slot of memory.slots.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const target = memory.view('weights', slot);
    if (isHead(slot) && !weights.has(slot.name)) {
      if (slot.shape.length > 1)
        target.forEach((_, i) => (target[i] = random.normal() * config.initializerRange));
      continue;
    }
    const isWords = slot.name === WORD_EMBEDDINGS;
    const stored = read(slot.name);
    const expected = isWords ? config.vocabulary * config.dim : slot.length;
    if (stored.length !== expected) {
      throw new AppError(
        'bad-model',
        `the tensor "${slot.name}" has ${stored.length} values; the model's configuration wants ${expected}`,
      );
    }
    target.set(isWords ? selectRows(stored, config.dim, vocabulary) : stored);
  }
}

/**
 * All weights under their full names, copied out of the memory.
 *
 * @param start the weights that the training started from
 * @param unusedRowDecay what is left of embedding rows that the data does not use
 */
export function readTrainedWeights(
  memory: TrainingMemory,
  { config, start }: { config: DistilBertConfig; start: Weights },
  vocabulary: Vocabulary,
  unusedRowDecay: number,
): Weights {
  const read = weightReader(start);
  const result: Weights = new Map();
  for (const slot of memory.slots) {
    const trained = memory.view('weights', slot);
    if (slot.name === WORD_EMBEDDINGS) {
      const data = restoreRows(read(slot.name), config.dim, vocabulary, trained, unusedRowDecay);
      result.set(slot.name, { dtype: 'F32', shape: [config.vocabulary, config.dim], data });
    } else {
      result.set(slot.name, { dtype: 'F32', shape: slot.shape, data: trained.slice() });
    }
  }
  return result;
}

function isHead({ name }: Slot): boolean {
  return name.startsWith('pre_classifier.') || name.startsWith('classifier.');
}
