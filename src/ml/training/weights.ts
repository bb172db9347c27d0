/** Between a model's weights by name and the memory they are trained in. */
import { createRandom } from '../../core/random.ts';
import { weightReader, WORD_EMBEDDINGS, type DistilBertConfig, type Weights } from '../models/index.ts';
import { AppError } from '../../core/errors.ts';
import type { Slot, TrainingMemory } from '../wasm/memory.ts';
import { restoreRows, selectRows, type Vocabulary } from './vocabulary.ts';

interface Source {
  readonly config: DistilBertConfig;
  readonly weights: Weights;
  readonly seed: number;
}

/** Fills the memory's weights. A head that the weights lack is drawn as Hugging Face does: normal, biases zero. */
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
 * @param idleDecay what is left of embedding rows that the data does not use
 */
export function readTrainedWeights(
  memory: TrainingMemory,
  { config, start }: { config: DistilBertConfig; start: Weights },
  vocabulary: Vocabulary,
  idleDecay: number,
): Weights {
  const read = weightReader(start);
  const result: Weights = new Map();
  for (const slot of memory.slots) {
    const trained = memory.view('weights', slot);
    if (slot.name === WORD_EMBEDDINGS) {
      const data = restoreRows(read(slot.name), config.dim, vocabulary, trained, idleDecay);
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
