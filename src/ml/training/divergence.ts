/** Stops a diverging training: a loss or gradient that is not finite, a hopeless loss, or lost weights. */
import { AppError } from '../../core/errors.ts';
import type { TrainingMemory } from '../wasm/index.ts';

/** What a step came to, and whom to name when it went wrong. */
export interface StepOutcome {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly loss: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Numbers of the training rows it learnt from. */
  readonly rows: readonly number[];
  /** Padding included. */
  readonly tokens: number;
}

const REMEDY = 'Try a smaller learning rate.';

/**
 * A mean loss beyond this means probabilities of e^-20 for what is true: no data is that surprising to sound
 * weights.
 */
const HOPELESS_LOSS = 20;

/** Throws `diverged` when the loss or a gradient is not finite, or the loss beyond hope. */
export function checkLoss({ loss, gradientNorm, step, learningRate, rows }: StepOutcome): void {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm) && loss < HOPELESS_LOSS) return;
  throw new AppError(
    'diverged',
    `training diverged at step ${step} with learning rate ${learningRate.toExponential(2)}: loss ${loss}, ` +
      `gradient norm ${gradientNorm}; the batch holds the training rows ${rows.join(', ')}. ${REMEDY}`,
    { details: { step, learningRate, loss: String(loss), rows: rows.map(String) } },
  );
}

/**
 * Throws `diverged` when the weights that the last step of an epoch left give a validation row no
 * probability.
 */
export function checkProbabilities(probabilities: ArrayLike<number>, lastStep: StepOutcome): void {
  const strange = Array.from(probabilities).findIndex((probability) => Number.isNaN(probability));
  if (strange !== -1) throw lostBy(lastStep, `validation row ${strange} has no probability any more`);
}

/** Weights of an encoder are around 0.05 and those of its normalisations around 1. */
const HOPELESS_WEIGHT = 1e4;

/**
 * Throws `diverged` when the last step of a training without validation left weights that nothing sound can
 * have.
 */
export function checkWeights(
  { slots, range, kernels }: Pick<TrainingMemory, 'slots' | 'range' | 'kernels'>,
  lastStep: StepOutcome,
): void {
  const lost = slots.find((slot) => {
    const { start, end } = range('weights', slot);
    return !(Math.sqrt(kernels.sumSquares(start, end) / slot.length) < HOPELESS_WEIGHT);
  });
  if (lost !== undefined) throw lostBy(lastStep, `the weights of ${lost.name} are lost`);
}

/** @param sign by which the weights that the step left are seen to be lost */
function lostBy({ step, learningRate, rows }: StepOutcome, sign: string): AppError {
  return new AppError(
    'diverged',
    `training diverged at step ${step} with learning rate ${learningRate.toExponential(2)}: ${sign}; ` +
      `the batch held the training rows ${rows.join(', ')}. ${REMEDY}`,
    { details: { step, learningRate, rows: rows.map(String) } },
  );
}
