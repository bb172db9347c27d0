import type { TrackingStore } from '../../tracking/index.ts';
import type { StageHandlers } from '../loop/context.ts';
import type { PredictServices, StepHandlers } from '../loop/step-context.ts';
import { generateData } from './generate-data.ts';
import { joinShards } from './join-shards.ts';
import { createPredictShard } from './predict-shard.ts';
import { createRegisterModel } from './register-model.ts';
import { splitCatalogue } from './split-catalogue.ts';
import { createSummarizeRun } from './summarize-run.ts';
import { createTrainModel } from './train-model.ts';
import { versionData } from './version-data.ts';

/** The five stages at work on the real stores. */
export function createStageHandlers({ tracking }: { tracking: TrackingStore }): StageHandlers {
  return {
    'generate-data': generateData,
    'version-data': versionData,
    'train-model': createTrainModel(tracking),
    'register-model': createRegisterModel(tracking),
    'summarize-run': createSummarizeRun(tracking),
  };
}

/** The steps of prediction jobs at work on the real stores. */
export function createStepHandlers(services: PredictServices): StepHandlers {
  return {
    'split-catalogue': splitCatalogue,
    'predict-shard': createPredictShard(services),
    'join-shards': joinShards,
  };
}
