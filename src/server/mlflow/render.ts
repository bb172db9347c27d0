/** Our entities as MLflow's messages; what is unset is undefined, which JSON leaves out. */
import type {
  MlflowExperiment,
  MlflowMetric,
  MlflowModel,
  MlflowModelVersion,
  MlflowRun,
  MlflowRunInfo,
  MlflowRunInputs,
} from '../../mlflow/messages.ts';
import type {
  Experiment,
  LoggedModel,
  Metric,
  ModelVersion,
  RegisteredModel,
  Run,
  RunInfo,
} from '../../tracking/index.ts';
import { fromDouble, toPairs, unlessEmpty } from './wire.ts';

export function renderExperiment(experiment: Experiment): MlflowExperiment {
  return {
    experiment_id: experiment.experimentId,
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.lifecycleStage,
    last_update_time: experiment.lastUpdateTimeMs,
    creation_time: experiment.creationTimeMs,
    tags: toPairs(experiment.tags),
  };
}

export function renderRunInfo(run: RunInfo): MlflowRunInfo {
  return {
    run_uuid: run.runId,
    experiment_id: run.experimentId,
    run_name: run.name,
    user_id: run.userId,
    status: run.status,
    start_time: run.startTimeMs,
    end_time: run.endTimeMs ?? undefined,
    artifact_uri: run.artifactUri,
    lifecycle_stage: run.lifecycleStage,
    run_id: run.runId,
  };
}

export function renderRun(run: Run): MlflowRun {
  return {
    info: renderRunInfo(run),
    data: {
      metrics: unlessEmpty(run.metrics.map(renderMetric)),
      params: toPairs(run.params),
      tags: toPairs(run.tags),
    },
    inputs: renderInputs(run),
    outputs: renderOutputs(run),
  };
}

export function renderInputs(run: Run): MlflowRunInputs {
  return {
    dataset_inputs: unlessEmpty(
      run.datasetInputs.map(({ dataset, tags }) => ({
        tags: toPairs(tags),
        dataset: {
          name: dataset.name,
          digest: dataset.digest,
          source_type: dataset.sourceType,
          source: dataset.source,
          schema: dataset.schema,
          profile: dataset.profile,
        },
      })),
    ),
    model_inputs: unlessEmpty(run.modelInputs.map((model_id) => ({ model_id }))),
  };
}

export function renderOutputs(run: Run): MlflowRun['outputs'] {
  if (run.modelOutputs.length === 0) return undefined;
  return { model_outputs: run.modelOutputs.map(({ modelId, step }) => ({ model_id: modelId, step })) };
}

export function renderMetric(metric: Metric): MlflowMetric {
  return {
    key: metric.key,
    value: fromDouble(metric.value),
    timestamp: metric.timestampMs,
    step: metric.step,
  };
}

export function renderLoggedModel(model: LoggedModel) {
  return {
    info: {
      model_id: model.modelId,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.creationTimeMs,
      last_updated_timestamp_ms: model.lastUpdateTimeMs,
      artifact_uri: model.artifactUri,
      status: model.status,
      model_type: model.modelType === '' ? undefined : model.modelType,
      source_run_id: model.sourceRunId ?? undefined,
      status_message: model.statusMessage ?? undefined,
      tags: toPairs(model.tags),
      registrations: unlessEmpty(
        model.registrations.map(({ name, version }) => ({ name, version: String(version) })),
      ),
    },
    data: {
      params: toPairs(model.params),
      metrics: unlessEmpty(
        model.metrics.map((metric) => ({
          ...renderMetric(metric),
          model_id: model.modelId,
          run_id: metric.runId,
          dataset_name: metric.datasetName,
          dataset_digest: metric.datasetDigest,
        })),
      ),
    },
  };
}

export function renderModel(model: RegisteredModel): MlflowModel {
  return {
    name: model.name,
    creation_timestamp: model.creationTimeMs,
    last_updated_timestamp: model.lastUpdateTimeMs,
    description: model.description ?? undefined,
    latest_versions: unlessEmpty(model.latestVersions.map(renderVersion)),
    tags: toPairs(model.tags),
    aliases: unlessEmpty(model.aliases.map(({ alias, version }) => ({ alias, version: String(version) }))),
  };
}

export function renderVersion(version: ModelVersion): MlflowModelVersion {
  return {
    name: version.name,
    version: String(version.version),
    creation_timestamp: version.creationTimeMs,
    last_updated_timestamp: version.lastUpdateTimeMs,
    user_id: version.userId ?? undefined,
    current_stage: version.stage,
    description: version.description ?? undefined,
    source: version.source,
    run_id: version.runId ?? undefined,
    status: version.status,
    status_message: version.statusMessage ?? undefined,
    tags: toPairs(version.tags),
    run_link: version.runLink ?? undefined,
    aliases: unlessEmpty(version.aliases),
    model_id: version.modelId ?? undefined,
  };
}
