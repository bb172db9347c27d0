/** AdamW over a training memory, with gradient clipping. */
import { layerName, WORD_EMBEDDINGS, type DistilBertConfig } from '../models/index.ts';
import { padded, type Slot, type TrainingMemory } from '../wasm/index.ts';
import type { TrainingSettings } from './settings.ts';

interface AdamwSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled decay of matrices; biases and layer normalisation have none. */
  readonly weightDecay: number;
  /** Gradients are scaled down to this global norm; Infinity leaves them. */
  readonly maxGradientNorm: number;
}

export interface Optimizer {
  /** Global norm of the gradients before clipping. */
  gradientNorm(): number;
  /**
   * @param step counted from 1
   * @param gradientNorm what `gradientNorm` gave for these gradients
   */
  update(step: number, learningRate: number, gradientNorm: number): void;
  /**
   * What one step leaves of a row of the word embedding whose token does not occur: it has no gradient, but
   * decays.
   */
  unusedRowDecay(learningRate: number): number;
}

/** @param rateFactor factor of the learning rate for a parameter, by its name (layer-wise decay) */
export function createOptimizer(
  memory: TrainingMemory,
  settings: AdamwSettings,
  rateFactor: (name: string) => number = () => 1,
): Optimizer {
  const { kernels } = memory;
  const trained = memory.slots.filter(({ trainable }) => trainable);
  const decayOf = ({ shape }: Slot): number => (shape.length >= 2 ? settings.weightDecay : 0);

  return {
    gradientNorm: () => {
      let sum = 0;
      for (const slot of trained) {
        const { start, end } = memory.range('gradients', slot);
        sum += kernels.sumSquares(start, end);
      }
      return Math.sqrt(sum);
    },
    update: (step, learningRate, gradientNorm) => {
      const { beta1, beta2, epsilon, maxGradientNorm } = settings;
      const meanCorrection = 1 - beta1 ** step;
      const deviationScale = 1 / Math.sqrt(1 - beta2 ** step);
      // The 1e-6 is PyTorch's, in clip_grad_norm_.
      const gradientScale = Math.min(1, maxGradientNorm / (gradientNorm + 1e-6));
      for (const slot of trained) {
        const rate = learningRate * rateFactor(slot.name);
        const { start, end } = memory.range('weights', slot);
        kernels.adamw({
          weights: start,
          end,
          gradients: memory.range('gradients', slot).start,
          means: memory.range('means', slot).start,
          variances: memory.range('variances', slot).start,
          gradientScale,
          keep: 1 - rate * decayOf(slot),
          oneMinusBeta1: 1 - beta1,
          beta2,
          oneMinusBeta2: 1 - beta2,
          rate: rate / meanCorrection,
          deviationScale,
          epsilon,
        });
      }
    },
    unusedRowDecay: (learningRate) => {
      const words = trained.find(({ name }) => name === WORD_EMBEDDINGS);
      return words === undefined ? 1 : 1 - learningRate * rateFactor(words.name) * decayOf(words);
    },
  };
}

// Which layer a parameter belongs to, and so whether and how fast it learns.

/** 0 for the embeddings, 1 to n for the layers, n + 1 for the head. */
function depthOf(name: string, { layers }: DistilBertConfig): number {
  if (name.includes('.embeddings.')) return 0;
  for (let layer = 0; layer < layers; layer += 1) {
    if (name.startsWith(`${layerName(layer)}.`)) return layer + 1;
  }
  return layers + 1;
}

/**
 * `frozenLayers` counts layers from below; freezing any freezes the embeddings too. The head always learns.
 */
export function isTrained(
  name: string,
  config: DistilBertConfig,
  { frozenLayers }: Pick<TrainingSettings, 'frozenLayers'>,
): boolean {
  const depth = depthOf(name, config);
  return frozenLayers === 0 || depth > Math.min(frozenLayers, config.layers);
}

/** Factor of the learning rate: 1 for the head, `layerDecay` for each step down from it. */
export function rateFactor(
  name: string,
  config: DistilBertConfig,
  { layerDecay }: Pick<TrainingSettings, 'layerDecay'>,
): number {
  return layerDecay ** (config.layers + 1 - depthOf(name, config));
}

/** Where the embedding's gradient rows are written and gathered into the rows of the vocabulary. */
export interface WordGradient {
  /** [tokens, dim], one row per token of the batch, for ONNX Runtime to fill. */
  rows(tokens: number): Float32Array;
  /** Adds each token's row to its word's gradient. Padding has none, as in PyTorch's `padding_idx`. */
  scatter(tokenIndices: Int32Array, padIndex: number): void;
  /** Back to zero, touching only the rows that were written since. */
  clear(): void;
}

/** @param scratchOffset in floats; `maxTokens * dim` of them are used */
export function createWordGradient(memory: TrainingMemory, scratchOffset: number): WordGradient | null {
  const slot = memory.slots.find(({ name, trainable }) => trainable && name === WORD_EMBEDDINGS);
  if (slot === undefined) return null;
  const dim = slot.shape[1] as number;
  const gradient = memory.view('gradients', slot);
  const touched = new Set<number>();
  const isVectorised = padded(dim) === dim;
  const source = memory.scratch.start + scratchOffset * 4;
  const target = memory.range('gradients', slot).start;

  return {
    rows: (tokens) => memory.scratch.floats.subarray(scratchOffset, scratchOffset + tokens * dim),
    scatter: (tokenIndices, padIndex) => {
      tokenIndices.forEach((word, token) => {
        if (word === padIndex) return;
        touched.add(word);
        if (isVectorised) {
          const start = target + word * dim * 4;
          memory.kernels.addInto(start, start + dim * 4, source + token * dim * 4);
          return;
        }
        for (let i = 0; i < dim; i += 1) {
          gradient[word * dim + i]! += memory.scratch.floats[scratchOffset + token * dim + i] as number;
        }
      });
    },
    clear: () => {
      for (const word of touched) gradient.fill(0, word * dim, (word + 1) * dim);
      touched.clear();
    },
  };
}
