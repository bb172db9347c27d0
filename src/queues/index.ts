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
} from './run-flow.ts';
export {
  resolveRunOptions,
  runOptionsSchema,
  runRequestSchema,
  type RunOptions,
  type RunRequest,
} from './run-options.ts';
export { ensureEnqueued, listDueSteps, type DueStep } from './due.ts';
export { getJob, listJobs, type JobSummary, type JobView } from './job-views.ts';
export {
  createJobStarter,
  type JobInput,
  type JobStart,
  type JobStarter,
  type ResumableJob,
} from './jobs.ts';
export {
  predictOptionsSchema,
  predictRequestSchema,
  resolvePredictOptions,
  type PredictJobOptions,
  type PredictJobRequest,
} from './job-options.ts';
export {
  beginStep,
  commitStep,
  endStep,
  saveRowsDone,
  type StepAttempt,
  type StepBegin,
} from './step-state.ts';
export {
  describeStep,
  JOB_STEPS,
  jobFolder,
  jobWorkFolder,
  NO_SHARD,
  shardName,
  stepJobId,
  type JobOutput,
  type StepKey,
  type StepPayload,
  type StepResult,
} from './job-flow.ts';
export {
  getRun,
  listRuns,
  type AttemptView,
  type RunSummary,
  type RunView,
  type StageView,
} from './run-views.ts';
export { createRunStarter, type RunStarter, type ScheduledStart } from './runs.ts';
export { applySchedule, nextTick, restoreSchedule, slotOf } from './schedule.ts';
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
} from './work-state.ts';
