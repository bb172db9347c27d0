export {
  openDatabase,
  shareBackend,
  TRANSACTION_POOLING,
  type Database,
  type Db,
  type DbTransaction,
} from './open-database.ts';
export { findRunningPostgres, openEmbeddedPostgres, type EmbeddedServer } from './embedded/server.ts';
export { findPostgresBinaries } from './embedded/binaries.ts';
export { findClosedParent, findPostgresAccount } from './embedded/account.ts';
export { describeTimeout, executeUntil } from './cancellable.ts';
export { isConnectionLost } from './connection-lost.ts';
export { LOCK_KEYS } from './lock-keys.ts';
export { createLocks, type Locks } from './locks.ts';
export { describeUnstorable, isUnstorable } from './unstorable.ts';
export { openListener, type Listener } from './listen.ts';
export { compareSchema, migrate } from './migrate.ts';
export { migrations } from './migrations/index.ts';
export { numberArray, PREPARED, prepare, textArray } from './prepared-statements.ts';
export type { Schema } from './schema.ts';
export { AUDIT_OUTCOMES, type AuditOutcome } from './tables/audit.ts';
export {
  CANARY_STATUSES,
  FEEDBACK_OUTCOMES,
  STORED_OUTCOMES,
  KEY_ROLES,
  type CanaryOutcome,
  type CanaryStatus,
  type FeedbackOutcome,
  type KeyRole,
} from './tables/serving.ts';
export {
  RUN_STATUSES,
  RUN_TRIGGERS,
  type AttemptOutcome,
  type RunStatus,
  type RunTrigger,
  type StageStatus,
  type StoredError,
} from './tables/pipeline.ts';
export { JOB_STATUSES, type JobStatus } from './tables/prediction-jobs.ts';
export { TEXT_EVENT_KINDS, TEXT_STATES, type TextEventKind, type TextState } from './tables/texts.ts';
