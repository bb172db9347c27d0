/**
 * What the tracking store keeps, named as MLflow names it. Times are milliseconds since 1970; ids of
 * experiments are decimal text.
 */
import type { LIFECYCLE_STAGES, RUN_STATUSES, VERSION_STATUSES, VIEW_TYPES } from '../mlflow/enums.ts';

export type LifecycleStage = (typeof LIFECYCLE_STAGES)[number];

export type ViewType = (typeof VIEW_TYPES)[number];

export type RunStatus = (typeof RUN_STATUSES)[number];

export type VersionStatus = (typeof VERSION_STATUSES)[number];

export type Tags = Readonly<Record<string, string>>;

export interface Page<T> {
  items: T[];
  /** Hand it back for the next page; undefined on the last one. */
  nextPageToken: string | undefined;
}

export interface SearchOptions {
  filter?: string | undefined;
  /** `metrics.accuracy DESC`, one criterion each. */
  orderBy?: readonly string[] | undefined;
  maxResults?: number | undefined;
  pageToken?: string | undefined;
  /** Aborted when whoever asks has gone: the search ends with them. */
  signal?: AbortSignal | undefined;
}

export interface Experiment {
  experimentId: string;
  name: string;
  artifactLocation: string;
  lifecycleStage: LifecycleStage;
  creationTimeMs: number;
  lastUpdateTimeMs: number;
  tags: Tags;
}

export interface RunInfo {
  runId: string;
  experimentId: string;
  name: string;
  userId: string;
  status: RunStatus;
  startTimeMs: number;
  endTimeMs: number | null;
  /** `mlflow-artifacts:/<experiment>/<run>/artifacts`. */
  artifactUri: string;
  lifecycleStage: LifecycleStage;
}

export interface Run extends RunInfo {
  /** The latest value of each key: greatest step, then timestamp, then value. */
  metrics: Metric[];
  params: Readonly<Record<string, string>>;
  tags: Tags;
  datasetInputs: DatasetInput[];
  modelInputs: string[];
  modelOutputs: ModelOutput[];
}

export interface Metric {
  key: string;
  /** NaN and the infinities are kept. */
  value: number;
  timestampMs: number;
  step: number;
}

/** A metric as it is logged: MLflow 3 says on which model and dataset it was measured. */
export interface MetricInput extends Metric {
  modelId?: string | undefined;
  datasetName?: string | undefined;
  datasetDigest?: string | undefined;
}

export interface Dataset {
  name: string;
  /** At most 36 characters. */
  digest: string;
  sourceType: string;
  source: string;
  schema?: string | undefined;
  profile?: string | undefined;
}

export interface DatasetInput {
  dataset: Dataset;
  /** `mlflow.data.context` says what it was used for: training, eval. */
  tags: Tags;
}

export interface ModelOutput {
  modelId: string;
  step: number;
}

export interface LoggedModel {
  modelId: string;
  experimentId: string;
  name: string;
  artifactUri: string;
  creationTimeMs: number;
  lastUpdateTimeMs: number;
  status: string;
  statusMessage: string | null;
  modelType: string;
  sourceRunId: string | null;
  params: Readonly<Record<string, string>>;
  tags: Tags;
  metrics: (MetricInput & { runId: string })[];
  registrations: { name: string; version: number }[];
}

export interface RegisteredModel {
  name: string;
  description: string | null;
  creationTimeMs: number;
  lastUpdateTimeMs: number;
  tags: Tags;
  aliases: { alias: string; version: number }[];
  /** The newest version of each model stage; copyloop uses one, `None`. */
  latestVersions: ModelVersion[];
}

export interface ModelVersion {
  name: string;
  version: number;
  description: string | null;
  userId: string | null;
  /** `None`, `Staging`, `Production` or `Archived`, in MLflow's protocol only. */
  modelStage: string;
  source: string;
  /**
   * Where the files lie that `source` names, resolved when the version was made; `source` itself where
   * nothing was to be resolved.
   */
  filesUri: string;
  runId: string | null;
  runLink: string | null;
  modelId: string | null;
  status: VersionStatus;
  statusMessage: string | null;
  creationTimeMs: number;
  lastUpdateTimeMs: number;
  pipelineRunId: string | null;
  tags: Tags;
  aliases: string[];
}

export interface AliasMove {
  name: string;
  alias: string;
  fromVersion: number | null;
  toVersion: number | null;
  movedAt: Date;
  movedBy: string;
  kind: 'set' | 'delete' | 'rollback';
  reason: string;
  pipelineRunId: string | null;
}
