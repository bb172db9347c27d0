/** The door: every stage with its handler, at work on the real stores. */
import type { TrackingStore } from '../../tracking/index.ts';
import type { JobHandlers, RunHandlers } from '../loop/context.ts';
import { generateData } from './generate-data.ts';
import { joinShards } from './join-shards.ts';
import { createPredictShard, type PredictServices } from './predict-shard.ts';
import { createRegisterModel } from './register-model.ts';
import { splitCatalogue } from './split-catalogue.ts';
import { createSummarizeRun } from './summarize-run.ts';
import { createTrainModel } from './train-model.ts';
import { versionData } from './version-data.ts';

export function createRunHandlers({ tracking }: { tracking: TrackingStore }): RunHandlers {
  return {
    'generate-data': generateData,
    'version-data': versionData,
    'train-model': createTrainModel(tracking),
    'register-model': createRegisterModel(tracking),
    'summarize-run': createSummarizeRun(tracking),
  };
}

export function createJobHandlers(services: PredictServices): JobHandlers {
  return {
    'split-catalogue': splitCatalogue,
    'predict-shard': createPredictShard(services),
    'join-shards': joinShards,
  };
}
