export { ApiError } from './api-error.ts';
export type { Answer, Body, Call, Operation, Parts, Query } from './api-types.ts';
export type { CallOptions, ClientOptions } from './caller.ts';
export {
  createClient,
  type AliasMove,
  type BatchPredictAnswer,
  type BatchPredictRequest,
  type Client,
  type FeedbackRequest,
  type GateReport,
  type ModelSummary,
  type ModelVersion,
  type PipelineRun,
  type PipelineRunSummary,
  type PredictAnswer,
  type PredictRequest,
  type Receipt,
  type RunRequest,
} from './create-client.ts';
export type { FollowOptions } from './follow.ts';
export type { Catalogue, CatalogueInspection, Job, JobRequest, JobSummary } from './jobs.ts';
export type { LogBatch, MlflowClient, SearchOther, SearchRuns } from './mlflow.ts';
