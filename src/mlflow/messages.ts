/**
 * MLflow's messages, each said once (https://mlflow.org/docs/latest/rest-api.html): the server renders by
 * them, the remote store reads by them, and the client takes its types from them.
 */
import { z } from 'zod';
import {
  choice,
  double,
  int,
  list,
  message,
  nullableInt,
  nullableText,
  optionalText,
  pairs,
  requiredInt,
  requiredText,
  text,
  textUnlessEmpty,
  versionNumber,
  type Codec,
  type Entity,
  type Wire,
} from './codec.ts';
import { zodOf } from './zod-of.ts';
import { LIFECYCLE_STAGES, RUN_STATUSES, VERSION_STATUSES } from './enums.ts';

export type { MlflowPair } from './codec.ts';

export const experiment = message({
  experimentId: ['experiment_id', requiredText],
  name: ['name', requiredText],
  artifactLocation: ['artifact_location', text],
  lifecycleStage: ['lifecycle_stage', choice(LIFECYCLE_STAGES)],
  lastUpdateTimeMs: ['last_update_time', int],
  creationTimeMs: ['creation_time', int],
  tags: ['tags', pairs],
});
export type MlflowExperiment = Wire<typeof experiment>;

const infoFields = message({
  runId: ['run_id', requiredText],
  experimentId: ['experiment_id', requiredText],
  name: ['run_name', text],
  userId: ['user_id', text],
  status: ['status', choice(RUN_STATUSES)],
  startTimeMs: ['start_time', int],
  endTimeMs: ['end_time', nullableInt],
  artifactUri: ['artifact_uri', text],
  lifecycleStage: ['lifecycle_stage', choice(LIFECYCLE_STAGES)],
});
export type MlflowRunInfo = Wire<typeof infoFields> & {
  /** What `run_id` was called before MLflow 1. */
  run_uuid: string;
};
export const runInfo: Codec<MlflowRunInfo, Entity<typeof infoFields>> = {
  schema: infoFields.schema,
  render: (run) => ({ ...infoFields.render(run), run_uuid: run.runId }),
};

const metricFields = {
  key: ['key', requiredText],
  value: ['value', double],
  timestampMs: ['timestamp', requiredInt],
  step: ['step', int],
} as const;
const metricOrigin = {
  modelId: ['model_id', optionalText],
  datasetName: ['dataset_name', optionalText],
  datasetDigest: ['dataset_digest', optionalText],
} as const;
export const metric = message(metricFields);
export type MlflowMetric = Wire<typeof metric>;
/** As it is logged: with what it was measured on. */
export const metricInput = message({ ...metricFields, ...metricOrigin });

export const datasetInput = message({
  tags: ['tags', pairs],
  dataset: [
    'dataset',
    message({
      name: ['name', requiredText],
      digest: ['digest', requiredText],
      sourceType: ['source_type', text],
      source: ['source', text],
      schema: ['schema', optionalText],
      profile: ['profile', optionalText],
    }),
  ],
});
const modelInput: Codec<{ model_id: string }, string> = {
  schema: z.object({ model_id: z.string() }).transform(({ model_id }) => model_id),
  render: (model_id) => ({ model_id }),
};

const runData = message({
  metrics: ['metrics', list(metric)],
  params: ['params', pairs],
  tags: ['tags', pairs],
});
export const runInputs = message({
  datasetInputs: ['dataset_inputs', list(datasetInput)],
  modelInputs: ['model_inputs', list(modelInput)],
});
const outputFields = message({
  modelOutputs: [
    'model_outputs',
    list(message({ modelId: ['model_id', requiredText], step: ['step', int] })),
  ],
});
export const runOutputs: Codec<Wire<typeof outputFields> | undefined, Entity<typeof outputFields>> = {
  schema: outputFields.schema,
  render: (run) => (run.modelOutputs.length === 0 ? undefined : outputFields.render(run)),
};

export interface MlflowRun {
  info: MlflowRunInfo;
  data: Wire<typeof runData>;
  inputs: Wire<typeof runInputs>;
  outputs?: Wire<typeof runOutputs>;
}
export const run: Codec<
  MlflowRun,
  Entity<typeof runInfo> & Entity<typeof runData> & Entity<typeof runInputs> & Entity<typeof runOutputs>
> = {
  schema: z
    .object({
      info: zodOf(runInfo),
      data: zodOf(runData).prefault({}),
      inputs: zodOf(runInputs).prefault({}),
      outputs: zodOf(runOutputs).prefault({}),
    })
    .transform(({ info, data, inputs, outputs }) => ({ ...info, ...data, ...inputs, ...outputs })),
  render: (given) => ({
    info: runInfo.render(given),
    data: runData.render(given),
    inputs: runInputs.render(given),
    outputs: runOutputs.render(given),
  }),
};

const LOGGED_MODEL_STATUSES = [
  'LOGGED_MODEL_STATUS_UNSPECIFIED',
  'LOGGED_MODEL_PENDING',
  'LOGGED_MODEL_READY',
  'LOGGED_MODEL_UPLOAD_FAILED',
];
const loggedModelStatus: Codec<string, string> = {
  // Some versions of MLflow answer the number of the enum.
  schema: z.union([z.string(), z.int().transform((at) => LOGGED_MODEL_STATUSES[at] ?? String(at))]),
  render: (status) => status,
};
const loggedModelInfo = message({
  modelId: ['model_id', requiredText],
  experimentId: ['experiment_id', requiredText],
  name: ['name', text],
  creationTimeMs: ['creation_timestamp_ms', int],
  lastUpdateTimeMs: ['last_updated_timestamp_ms', int],
  artifactUri: ['artifact_uri', text],
  status: ['status', loggedModelStatus],
  modelType: ['model_type', textUnlessEmpty],
  sourceRunId: ['source_run_id', nullableText],
  statusMessage: ['status_message', nullableText],
  tags: ['tags', pairs],
  registrations: [
    'registrations',
    list(message({ name: ['name', requiredText], version: ['version', versionNumber] })),
  ],
});
const loggedModelData = message({
  params: ['params', pairs],
  metrics: ['metrics', list(message({ ...metricFields, ...metricOrigin, runId: ['run_id', text] }))],
});
export const loggedModel: Codec<
  { info: Wire<typeof loggedModelInfo>; data: Wire<typeof loggedModelData> },
  Entity<typeof loggedModelInfo> & Entity<typeof loggedModelData>
> = {
  schema: z
    .object({ info: zodOf(loggedModelInfo), data: zodOf(loggedModelData).prefault({}) })
    .transform(({ info, data }) => ({ ...info, ...data })),
  render: ({ metrics, ...model }) => ({
    info: loggedModelInfo.render(model),
    data: loggedModelData.render({
      ...model,
      metrics: metrics.map((one) => ({ ...one, modelId: model.modelId })),
    }),
  }),
};

const modelStage: Codec<string, string> = { schema: z.string().default('None'), render: (stage) => stage };
export const modelVersion = message({
  name: ['name', requiredText],
  version: ['version', versionNumber],
  creationTimeMs: ['creation_timestamp', int],
  lastUpdateTimeMs: ['last_updated_timestamp', int],
  userId: ['user_id', nullableText],
  modelStage: ['current_stage', modelStage],
  description: ['description', nullableText],
  source: ['source', text],
  runId: ['run_id', nullableText],
  status: ['status', choice(VERSION_STATUSES, 'READY')],
  statusMessage: ['status_message', nullableText],
  tags: ['tags', pairs],
  runLink: ['run_link', nullableText],
  aliases: ['aliases', list(requiredText)],
  modelId: ['model_id', nullableText],
});
export type MlflowModelVersion = Wire<typeof modelVersion>;

export const registeredModel = message({
  name: ['name', requiredText],
  creationTimeMs: ['creation_timestamp', int],
  lastUpdateTimeMs: ['last_updated_timestamp', int],
  description: ['description', nullableText],
  latestVersions: ['latest_versions', list(modelVersion)],
  tags: ['tags', pairs],
  aliases: [
    'aliases',
    list(message({ alias: ['alias', requiredText], version: ['version', versionNumber] })),
  ],
});
export type MlflowModel = Wire<typeof registeredModel>;

export interface MlflowFileInfo {
  path: string;
  is_dir: boolean;
  file_size?: number | undefined;
}
