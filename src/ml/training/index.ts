export {
  epochReportSchema,
  stepMetricsSchema,
  stepReportSchema,
  type EpochReport,
  type FullTraining,
  type StepMetrics,
  type StepReport,
  type TokenRows,
  type TrainedModel,
} from './contract.ts';
export { weighClasses } from './data.ts';
export { resolveSettings, type TrainingSettings } from './settings.ts';
export { trainFull } from './train.ts';
