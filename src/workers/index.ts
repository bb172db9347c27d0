export type {
  Handlers,
  JobHandlers,
  RunHandlers,
  StageContext,
  StageHandler,
  StageServices,
} from './loop/context.ts';
export { createJobHandlers, createRunHandlers } from './stages/index.ts';
export type { PredictServices, VersionScores } from './stages/predict-shard.ts';
export { exportVersion, type ExportRequest } from './versions/export-version.ts';
export { openWorkers, type Workers } from './open-workers.ts';
export { SCORE_TOLERANCE, type ChangedCondition, type Reproducibility } from './versions/reproducibility.ts';
export { verifyVersion, type Verification, type VerifyRequest } from './versions/verify-version.ts';
export { openReconciler, reconcile } from './upkeep/reconciler.ts';
