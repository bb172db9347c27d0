/** One step of a training: the gradients of its batches, checked, then the optimiser's update. */
import { assembleBatch, lossTargets, sumWeights, weighClasses } from './data.ts';
import { checkLoss, type StepOutcome } from './divergence.ts';
import type { Engine } from './engine.ts';
import type { FullTraining } from './contract.ts';
import type { Optimizer } from './optimizer.ts';
import { learningRateAt, type Schedule } from './schedule.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface StepContext extends Pick<FullTraining, 'config' | 'settings' | 'train' | 'seed'> {
  readonly engine: Engine;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly vocabulary: Vocabulary;
}

/**
 * @param stepsDone steps before this one: they decide the learning rate and the dropout
 * @param batches numbers of the rows of each batch; the gradients of all of them make the step
 */
export type TakeStep = (
  stepsDone: number,
  batches: readonly (readonly number[])[],
) => Promise<StepOutcome & { readonly tokens: number }>;

/** The function that takes a step. It throws `diverged` instead of learning from a loss or a gradient gone wrong. */
export function createStep(context: StepContext): TakeStep {
  const { engine, optimizer, schedule, config, settings, train, vocabulary, seed } = context;
  const classWeights = weighClasses(train, config.labels.length, settings.classWeights);

  return async (stepsDone, batches) => {
    const rows = batches.flat();
    const totalWeight = sumWeights(train, rows, classWeights);
    let loss = 0;
    let tokens = 0;
    for (const [part, batchRows] of batches.entries()) {
      const batch = assembleBatch(train, batchRows, vocabulary, config);
      const targets = lossTargets(train, batchRows, classWeights, settings.labelSmoothing, totalWeight);
      loss += (await engine.backward(batch, targets, { seed, step: stepsDone, part })).loss;
      tokens += batch.shape[0] * batch.shape[1];
    }
    const step = stepsDone + 1;
    const learningRate = learningRateAt(schedule, stepsDone);
    const gradientNorm = optimizer.gradientNorm();
    const outcome = { step, learningRate, loss, gradientNorm, rows, tokens };
    checkLoss(outcome);
    optimizer.update(step, learningRate, gradientNorm);
    return outcome;
  };
}
