/** Notices a training that has left the road, before it wastes an hour or destroys the weights. */
import { AppError } from '../../core/errors.ts';
import type { TrainingMemory } from '../wasm/memory.ts';

/** A step that was taken: whom to name when the weights turn out to be lost. */
export interface TakenStep {
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly rows: readonly number[];
}

export interface StepOutcome extends TakenStep {
  readonly loss: number;
  readonly gradientNorm: number;
}

const REMEDY = 'Try a smaller learning rate.';

/** A mean loss beyond this means probabilities of e^-20 for what is true: no data is that surprising to sound weights. */
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

/** Throws `diverged` when the weights that the last step of an epoch left give a validation row no probability. */
export function checkProbabilities(probabilities: ArrayLike<number>, lastStep: TakenStep): void {
  const strange = Array.from(probabilities).findIndex((probability) => Number.isNaN(probability));
  if (strange !== -1) throw lostBy(lastStep, `validation row ${strange} has no probability any more`);
}

/** Weights of an encoder are around 0.05 and those of its normalisations around 1. */
const HOPELESS_WEIGHT = 1e4;

/** Throws `diverged` when the last step of a training without validation left weights that nothing sound can have. */
export function checkWeights(
  { slots, range, kernels }: Pick<TrainingMemory, 'slots' | 'range' | 'kernels'>,
  lastStep: TakenStep,
): void {
  const lost = slots.find((slot) => {
    const { start, end } = range('weights', slot);
    return !(Math.sqrt(kernels.sumSquares(start, end) / slot.length) < HOPELESS_WEIGHT);
  });
  if (lost !== undefined) throw lostBy(lastStep, `the weights of ${lost.name} are lost`);
}

/** @param sign by which the weights that the step left are seen to be lost */
function lostBy({ step, learningRate, rows }: TakenStep, sign: string): AppError {
  return new AppError(
    'diverged',
    `training diverged at step ${step} with learning rate ${learningRate.toExponential(2)}: ${sign}; ` +
      `the batch held the training rows ${rows.join(', ')}. ${REMEDY}`,
    { details: { step, learningRate, rows: rows.map(String) } },
  );
}
