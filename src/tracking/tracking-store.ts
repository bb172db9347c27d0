/**
 * Where experiments, tracking runs and the registry are kept. Two implementations, one conformance suite: our
 * PostgreSQL and a remote MLflow server. Every method throws `not-found` for what is not there and
 * `invalid-input` for names and values beyond MLflow's limits.
 */
import type {
  AliasMove,
  DatasetInput,
  Experiment,
  LoggedModel,
  Metric,
  MetricInput,
  ModelOutput,
  ModelVersion,
  Page,
  RegisteredModel,
  Run,
  RunInfo,
  RunStatus,
  SearchOptions,
  Tags,
  ViewType,
} from './entities.ts';

export interface ExperimentStore {
  /** @returns the new id; throws `already-exists`, also for the name of a deleted experiment */
  create(experiment: { name: string; artifactLocation?: string; tags?: Tags }): Promise<string>;
  /** Finds deleted ones too. */
  get(experimentId: string): Promise<Experiment>;
  findByName(name: string): Promise<Experiment | undefined>;
  /** The id of the active experiment of that name, made when there is none. */
  ensure(name: string): Promise<string>;
  search(options: SearchOptions & { viewType?: ViewType }): Promise<Page<Experiment>>;
  rename(experimentId: string, name: string): Promise<void>;
  delete(experimentId: string): Promise<void>;
  restore(experimentId: string): Promise<void>;
  setTag(experimentId: string, key: string, value: string): Promise<void>;
  deleteTag(experimentId: string, key: string): Promise<void>;
}

export interface NewRun {
  experimentId: string;
  /** Drawn when left out. */
  name?: string | undefined;
  userId?: string | undefined;
  startTimeMs?: number | undefined;
  tags?: Tags | undefined;
}

export interface RunBatch {
  metrics?: readonly MetricInput[];
  /** Write-once: the same value again is accepted, another one is `invalid-input`. */
  params?: readonly { key: string; value: string }[];
  tags?: readonly { key: string; value: string }[];
}

export interface RunStore {
  create(run: NewRun): Promise<Run>;
  get(runId: string): Promise<Run>;
  update(
    runId: string,
    change: { status?: RunStatus | undefined; endTimeMs?: number | undefined; name?: string | undefined },
  ): Promise<RunInfo>;
  search(
    options: SearchOptions & { experimentIds: readonly string[]; viewType?: ViewType },
  ): Promise<Page<Run>>;
  delete(runId: string): Promise<void>;
  restore(runId: string): Promise<void>;
  /** All of it or nothing. Metrics are appended; one that is there already is not doubled. */
  logBatch(runId: string, batch: RunBatch): Promise<void>;
  deleteTag(runId: string, key: string): Promise<void>;
  logInputs(
    runId: string,
    inputs: { datasets: readonly DatasetInput[]; modelIds?: readonly string[] },
  ): Promise<void>;
  logOutputs(runId: string, models: readonly ModelOutput[]): Promise<void>;
  /** By timestamp, step, value. */
  metricHistory(
    runId: string,
    key: string,
    page?: { maxResults?: number | undefined; pageToken?: string | undefined },
  ): Promise<Page<Metric>>;
}

export interface LoggedModelStore {
  create(model: {
    experimentId: string;
    name?: string | undefined;
    modelType?: string | undefined;
    sourceRunId?: string | undefined;
    params?: readonly { key: string; value: string }[];
    tags?: Tags;
  }): Promise<LoggedModel>;
  get(modelId: string): Promise<LoggedModel>;
  finalize(modelId: string, status: string): Promise<LoggedModel>;
  delete(modelId: string): Promise<void>;
  search(options: SearchOptions & { experimentIds: readonly string[] }): Promise<Page<LoggedModel>>;
  setTags(modelId: string, tags: Tags): Promise<void>;
  deleteTag(modelId: string, key: string): Promise<void>;
  logParams(modelId: string, params: readonly { key: string; value: string }[]): Promise<void>;
}

export interface NewModelVersion {
  name: string;
  source: string;
  runId?: string | undefined;
  runLink?: string | undefined;
  modelId?: string | undefined;
  description?: string | undefined;
  userId?: string | undefined;
  tags?: Tags | undefined;
  /** At most one version per model and pipeline run: asking again gives the one that is there. */
  pipelineRunId?: string | undefined;
}

/** Who moves an alias and why; kept in its history. */
export interface AliasReason {
  movedBy: string;
  reason: string;
  pipelineRunId?: string | undefined;
}

export interface RegistryStore {
  createModel(model: {
    name: string;
    description?: string | undefined;
    tags?: Tags;
  }): Promise<RegisteredModel>;
  getModel(name: string): Promise<RegisteredModel>;
  renameModel(name: string, newName: string): Promise<RegisteredModel>;
  updateModel(name: string, description: string): Promise<RegisteredModel>;
  /** Takes its aliases away first, for the reason given. */
  deleteModel(name: string, why?: AliasReason): Promise<void>;
  searchModels(options: SearchOptions): Promise<Page<RegisteredModel>>;
  setModelTag(name: string, key: string, value: string): Promise<void>;
  deleteModelTag(name: string, key: string): Promise<void>;

  createVersion(version: NewModelVersion): Promise<ModelVersion>;
  getVersion(name: string, version: number): Promise<ModelVersion>;
  updateVersion(name: string, version: number, description: string): Promise<ModelVersion>;
  transitionStage(
    name: string,
    version: number,
    stage: string,
    archiveExisting: boolean,
  ): Promise<ModelVersion>;
  /** Takes its aliases away first, for the reason given. */
  deleteVersion(name: string, version: number, why?: AliasReason): Promise<void>;
  searchVersions(options: SearchOptions): Promise<Page<ModelVersion>>;
  setVersionTag(name: string, version: number, key: string, value: string): Promise<void>;
  deleteVersionTag(name: string, version: number, key: string): Promise<void>;

  /**
   * Moves the alias; does nothing when it is there already. Announces the move on channel `copyloop_alias`.
   * @param onlyFrom the move is made only while the alias names this version (null: none)
   * @throws AppError `conflict` when it names another
   */
  setAlias(
    name: string,
    alias: string,
    version: number,
    why: AliasReason,
    onlyFrom?: number | null,
  ): Promise<void>;
  deleteAlias(name: string, alias: string, why: AliasReason): Promise<void>;
  findAlias(name: string, alias: string): Promise<ModelVersion | undefined>;
  /**
   * Moves the alias back to where it was before it last moved forward; twice goes back twice. Versions that
   * were deleted since are passed over.
   * @throws AppError `conflict` when there is nothing to go back to
   */
  rollbackAlias(name: string, alias: string, why: AliasReason): Promise<ModelVersion>;
  /** Newest first. */
  aliasHistory(name: string, alias?: string): Promise<AliasMove[]>;
}

export interface TrackingStore {
  experiments: ExperimentStore;
  runs: RunStore;
  loggedModels: LoggedModelStore;
  registry: RegistryStore;
}
