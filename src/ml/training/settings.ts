/**
 * The settings of a recipe that a training of all weights reads, and what `auto` becomes. src/ml/recipes.ts
 * says each.
 */
import type { DistilBertConfig } from '../models/index.ts';
import type { Recipe } from '../recipes.ts';

/** As a recipe asks for them: `epochs` and `learningRate` may be `auto`. */
export type RequestedSettings = Readonly<Omit<Recipe, 'name' | 'trainer' | 'maxLength' | 'refit' | 'export'>>;

export type TrainingSettings = RequestedSettings & {
  readonly epochs: number;
  readonly learningRate: number;
};

/** Steps in which an encoder adapts to new data: docs/decisions/0007-training-settings.md. */
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
