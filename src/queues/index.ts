export type { QueueBackend, QueueBackendOptions } from './backend.ts';
export { openQueueBackend } from './open-backend.ts';
export {
  BACKOFF_TYPE,
  backoffDelayMs,
  childrenOf,
  declarationOf,
  defineFlow,
  describeWork,
  keyOf,
  ownerOf,
  parentOf,
  partsOf,
  payloadOf,
  queueJobId,
  stagesAfter,
  stageSettings,
  type Flow,
  type StageDeclaration,
  type WorkKey,
} from './flow.ts';
export { FLOWS, flowOf, stageNames, type Stage, type StagePayload, type StageResult } from './flows.ts';
export { RUN, type RunOwner, type RunStage } from './run-flow.ts';
export {
  JOB,
  jobFolder,
  jobWorkFolder,
  shardName,
  type JobOutput,
  type JobOwner,
  type JobStage,
} from './job-flow.ts';
export {
  chooseDue,
  enqueueNext,
  listDue,
  readNumbered,
  readStatuses,
  statusKey,
  type DueWork,
  type Statuses,
} from './due.ts';
export {
  countLoss,
  failOwner,
  failPart,
  findActive,
  listActive,
  markLostAttempts,
  noteEnqueued,
  type ActiveOwner,
} from './owners.ts';
export {
  resolveRunOptions,
  runOptionsSchema,
  runRequestSchema,
  type RunOptions,
  type RunRequest,
} from './run-options.ts';
export {
  KEPT_LOG_LINES,
  readAttemptLog,
  writeLogLines,
  type AttemptLog,
  type LogLine,
} from './attempt-log.ts';
export {
  getJob,
  listJobs,
  readJobSource,
  type JobStageView,
  type JobSummary,
  type JobView,
} from './job-views.ts';
export {
  createJobStarter,
  type JobInput,
  type JobStart,
  type JobStarter,
  type ResumableJob,
} from './jobs.ts';
export {
  OUT_FORMATS,
  predictOptionsSchema,
  predictRequestSchema,
  propensityColumn,
  resolvePredictOptions,
  type OutFormat,
  type PredictJobOptions,
  type PredictJobRequest,
} from './job-options.ts';
export {
  countRuns,
  getRun,
  listRuns,
  type AttemptView,
  type RunFilter,
  type RunSummary,
  type RunView,
  type StageView,
} from './run-views.ts';
export { planReplay, RUN_STAGES, type ReplayPlan, type ReplayRequest } from './replay.ts';
export { createRunStarter, type RunStarter, type ScheduledStart } from './runs.ts';
export { nextTicks, pauseSchedule, readSchedule, type ScheduleView } from './schedule-state.ts';
export { applySchedule, nextTick, restoreSchedule, slotOf } from './schedule.ts';
export { openStageQueues, START_RUN_QUEUE, type StageQueues } from './stage-queues.ts';
export {
  beginAttempt,
  commitResult,
  endAttempt,
  saveProgress,
  shareDone,
  storeError,
  type BeginResult,
  type Progress,
  type WorkAttempt,
  type WorkStatus,
} from './work-state.ts';
