/** Notices a training that has left the road, before it wastes an hour or destroys the weights. */
import { AppError } from '../../core/errors.ts';

export interface StepOutcome {
  readonly loss: number;
  readonly gradientNorm: number;
  /** Counted from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly rows: readonly number[];
}

/** A mean loss beyond this means probabilities of e^-20 for what is true: no data is that surprising to sound weights. */
const HOPELESS_LOSS = 20;

/** Throws `diverged` when the loss or a gradient is not finite, or the loss beyond hope. */
export function checkLoss({ loss, gradientNorm, step, learningRate, rows }: StepOutcome): void {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm) && loss < HOPELESS_LOSS) return;
  throw new AppError(
    'diverged',
    `training diverged at step ${step} with learning rate ${learningRate.toExponential(2)}: loss ${loss}, ` +
      `gradient norm ${gradientNorm}; the batch holds the training rows ${rows.join(', ')}. Try a smaller learning rate.`,
    { details: { step, learningRate, loss: String(loss), rows: rows.map(String) } },
  );
}
