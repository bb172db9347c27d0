import type { TrackingStore } from '../tracking/index.ts';
import type { StageHandlers } from './context.ts';
import { generateData } from './generate-data.ts';
import { createRegisterModel } from './register-model.ts';
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
