export { weighClasses, type TokenRows } from './data.ts';
export { type EpochReport } from './checkpoint.ts';
export { type StepReport } from './pace.ts';
export {
  REFERENCE_SETTINGS,
  resolveSettings,
  type RequestedSettings,
  type TrainingSettings,
} from './settings.ts';
export type { FullTraining } from './contract.ts';
export { trainFull, type TrainedModel } from './train.ts';
