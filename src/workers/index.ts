export type {
  CandidateOutcome,
  StageContext,
  StageHandler,
  StageHandlers,
  StageServices,
} from './context.ts';
export { createStageHandlers } from './create-handlers.ts';
export { exportVersion, type ExportRequest } from './export-version.ts';
export { openWorkers, type Workers } from './open-workers.ts';
export { SCORE_TOLERANCE, type ChangedCondition, type Verdict } from './verdict.ts';
export { verifyVersion, type Verification, type VerifyRequest } from './verify-version.ts';
export {
  createStepHandlers,
  reconcileJobs,
  type PredictServices,
  type StepHandlers,
  type VersionScores,
} from './predict-jobs/index.ts';
export { openReconciler, reconcile } from './reconciler.ts';
