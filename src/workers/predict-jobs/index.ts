import type { PredictServices, StepHandlers } from './context.ts';
import { joinShards } from './join-shards.ts';
import { createPredictShard } from './predict-shard.ts';
import { splitCatalogue } from './split-catalogue.ts';

export type { PredictServices, StepContext, StepHandler, StepHandlers, VersionScores } from './context.ts';
export { reconcileJobs, type JobReconcilerDeps } from './reconcile-jobs.ts';
export { createStepProcessor } from './step-loop.ts';

/** The steps of prediction jobs at work on the real stores. */
export function createStepHandlers(services: PredictServices): StepHandlers {
  return {
    'split-catalogue': splitCatalogue,
    'predict-shard': createPredictShard(services),
    'join-shards': joinShards,
  };
}
