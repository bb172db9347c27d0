export { jobPredictionId, keepJobTexts, storeToldCreatives, type JobCreative } from './job-texts.ts';
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
  type WorkKey,
} from './flow.ts';
export { stageNames, type Stage, type StagePayload, type StageResult } from './flows.ts';
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
export { resolveRunOptions, runRequestSchema, type RunRequest } from './run-options.ts';
export { KEPT_LOG_LINES, readAttemptLog, writeLogLines, type LogLine } from './attempt-log.ts';
export { getJob, listJobs, readJobSource, type JobSummary, type JobView } from './job-views.ts';
export { createJobStarter, type JobInput, type JobStarter } from './jobs.ts';
export {
  OUT_FORMATS,
  propensityColumn,
  textIdColumn,
  resolvePredictOptions,
  type OutFormat,
  type PredictJobRequest,
} from './job-options.ts';
export {
  countRuns,
  getRun,
  listRuns,
  medianRunSeconds,
  type RunSummary,
  type RunView,
  type StageView,
} from './run-views.ts';
export { planReplay, RUN_STAGES } from './replay.ts';
export { createRunStarter, type RunStarter } from './runs.ts';
export { nextTicks, pauseSchedule, readSchedule } from './schedule-state.ts';
export { applySchedule, nextTick, restoreSchedule, slotOf } from './schedule.ts';
export { openStageQueues, START_RUN_QUEUE, type StageQueues } from './stage-queues.ts';
export {
  beginAttempt,
  commitResult,
  endAttempt,
  saveProgress,
  shareDone,
  storeError,
  type Progress,
  type WorkAttempt,
  type WorkStatus,
} from './work-state.ts';
