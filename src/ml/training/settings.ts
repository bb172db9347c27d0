/** What a training of all weights can be told. Names are those of the recipes (src/ml/recipes.ts). */
import type { DistilBertConfig } from '../models/index.ts';

export interface TrainingSettings {
  /** Passes over the training rows, at most. */
  readonly epochs: number;
  readonly batchSize: number;
  /** Peak learning rate. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Share of all steps in which the learning rate rises from 0. */
  readonly warmupFraction: number;
  /** Largest global norm of the gradient; null: unlimited. */
  readonly clipNorm: number | null;
  readonly labelSmoothing: number;
  readonly classWeights: 'balanced' | 'none';
  /** Batches whose gradients make one step. */
  readonly gradientAccumulation: number;
  /** Layers from below, embeddings included, that stay as they are. */
  readonly frozenLayers: number;
  /** Factor on the learning rate for each layer further down. */
  readonly layerDecay: number;
  /** One probability for every dropout; null: those of the model's configuration. */
  readonly dropout: number | null;
  /** Epochs in a row without a better validation, in loss or accuracy, after which training stops; null: never. */
  readonly earlyStoppingPatience: number | null;
  readonly checkpointEverySteps: number;
}

export type RequestedSettings = Omit<TrainingSettings, 'epochs' | 'learningRate'> & {
  readonly epochs: number | 'auto';
  readonly learningRate: number | 'auto';
};

/** The reference system's values: Hugging Face's Trainer as it comes, but for 3 epochs at 2e-5. */
export const REFERENCE_SETTINGS: TrainingSettings = {
  epochs: 3,
  batchSize: 16,
  learningRate: 2e-5,
  weightDecay: 0.01,
  warmupFraction: 0,
  clipNorm: 1,
  labelSmoothing: 0,
  classWeights: 'none',
  gradientAccumulation: 1,
  frozenLayers: 0,
  layerDecay: 1,
  dropout: null,
  earlyStoppingPatience: null,
  checkpointEverySteps: 100,
};

/**
 * Steps in which an encoder adapts to new data. With them (five epochs of 755 product reviews, batches of 16) three
 * seeds reached a mean of 92.0 % accuracy and an AUC of 0.968 on 203 other reviews; the training loss was nearly nothing.
 */
const ENOUGH_STEPS = 240;
const EPOCHS = { least: 3, most: 8 };
/** 1e-4 suits an encoder 384 wide; wider ones want smaller steps in proportion. */
const RATE_TIMES_WIDTH = 1e-4 * 384;

/**
 * Fills in what is `auto`: more epochs for fewer rows, a smaller learning rate for a wider encoder.
 *
 * @param rows that the written weights learn from
 */
export function resolveSettings(
  requested: RequestedSettings,
  rows: number,
  config: Pick<DistilBertConfig, 'dim'>,
): TrainingSettings {
  const stepsPerEpoch = rows / (requested.batchSize * requested.gradientAccumulation);
  const enough = Math.round(ENOUGH_STEPS / Math.max(1, stepsPerEpoch));
  return {
    ...requested,
    epochs:
      requested.epochs === 'auto' ? Math.min(EPOCHS.most, Math.max(EPOCHS.least, enough)) : requested.epochs,
    learningRate:
      requested.learningRate === 'auto'
        ? Math.min(1e-4, RATE_TIMES_WIDTH / config.dim)
        : requested.learningRate,
  };
}
