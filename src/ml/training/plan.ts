/** How many steps a training takes and how fast it learns in each: known before it starts. */
import type { FullTraining } from './contract.ts';
import type { Schedule } from './schedule.ts';

export interface TrainingPlan {
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
  readonly schedule: Schedule;
}

export function planTraining({ settings, train }: Pick<FullTraining, 'settings' | 'train'>): TrainingPlan {
  const batches = Math.ceil(train.labels.length / settings.batchSize);
  const stepsPerEpoch = Math.ceil(batches / settings.gradientAccumulation);
  const totalSteps = stepsPerEpoch * settings.epochs;
  const warmupSteps = Math.round(totalSteps * settings.warmupFraction);
  return { stepsPerEpoch, totalSteps, schedule: { peak: settings.learningRate, warmupSteps, totalSteps } };
}
