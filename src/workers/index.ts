export type {
  CandidateOutcome,
  StageContext,
  StageHandler,
  StageHandlers,
  StageServices,
} from './loop/context.ts';
export { createStageHandlers, createStepHandlers } from './stages/index.ts';
export { exportVersion, type ExportRequest } from './versions/export-version.ts';
export { openWorkers, type Workers } from './open-workers.ts';
export { SCORE_TOLERANCE, type ChangedCondition, type Verdict } from './versions/reproducibility.ts';
export { verifyVersion, type Verification, type VerifyRequest } from './versions/verify-version.ts';
export type { PredictServices, StepHandlers, VersionScores } from './loop/step-context.ts';
export { reconcileJobs } from './upkeep/reconcile-jobs.ts';
export { openReconciler, reconcile } from './upkeep/reconciler.ts';
