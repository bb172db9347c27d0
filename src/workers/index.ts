export type {
  CandidateOutcome,
  StageContext,
  StageHandler,
  StageHandlers,
  StageServices,
} from './context.ts';
export { createStageHandlers } from './create-handlers.ts';
export { openWorkers, type Workers } from './open-workers.ts';
export { openReconciler, reconcile } from './reconciler.ts';
