export type { Handlers, JobHandlers, RunHandlers, StageHandler, StageServices } from './loop/context.ts';
export { createJobHandlers, createRunHandlers } from './stages/index.ts';
export { exportVersion } from './versions/export-version.ts';
export { openWorkers, type Workers } from './open-workers.ts';
export { SCORE_TOLERANCE } from './versions/reproducibility.ts';
export { verifyVersion, type Verification, type VerifyRequest } from './versions/verify-version.ts';
export { reconcile } from './upkeep/reconciler.ts';
