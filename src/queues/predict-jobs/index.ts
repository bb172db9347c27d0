export { ensureEnqueued, listDueSteps, type DueStep } from './due-steps.ts';
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
} from './options.ts';
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
} from './steps.ts';
