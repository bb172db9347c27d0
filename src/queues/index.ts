export type { QueueBackend, QueueBackendOptions } from './backend.ts';
export { openQueueBackend } from './open-backend.ts';
export {
  BACKOFF_TYPE,
  backoffDelayMs,
  CATALOGUE,
  CLOSING_STAGE,
  endsRunWhenFailed,
  jobId,
  nextStep,
  QUEUE_NAMES,
  START_RUN_QUEUE,
  type NextStep,
  type QueueName,
  type StagePayload,
  type StageResult,
} from './catalogue.ts';
export {
  resolveRunOptions,
  runOptionsSchema,
  runRequestSchema,
  type RunOptions,
  type RunRequest,
} from './run-options.ts';
export {
  getRun,
  listRuns,
  type AttemptView,
  type RunSummary,
  type RunView,
  type StageView,
} from './run-views.ts';
export { createRunStarter, type RunStarter, type ScheduledStart } from './runs.ts';
export { applySchedule, nextTick, slotOf } from './schedule.ts';
export { openStageQueues, type StageQueues } from './stage-queues.ts';
export {
  beginAttempt,
  commitResult,
  describeStage,
  endAttempt,
  saveProgress,
  storeError,
  type Attempt,
  type BeginResult,
  type StageKey,
} from './stage-state.ts';
