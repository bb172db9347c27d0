/**
 * MLflow's messages as our entities: int64 may come as text, NaN and the infinities do, what is unset is
 * missing.
 */
import { z } from 'zod';
import {
  LIFECYCLE_STAGES,
  RUN_STATUSES,
  VERSION_STATUSES,
  type Experiment,
  type LoggedModel,
  type Metric,
  type Run,
  type RunInfo,
} from '../entities.ts';

/**
 * Text from parsers is trusted to be what the protocol says, no more: a malformed answer is the server's
 * fault and says so.
 */
const int64 = z.union([z.number(), z.string()]).transform(Number).pipe(z.int());
/** MLflow's SQL store keeps an infinity as the greatest double, so that is what one reads back. */
const double = z
  .union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
  .transform(Number)
  .transform((value) => (Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Infinity : value));
const text = z.string().default('');
export const tagList = z
  .array(z.object({ key: z.string(), value: z.string().default('') }))
  .default([])
  .transform((pairs) => Object.fromEntries(pairs.map(({ key, value }) => [key, value])));
const lifecycleStage = z.enum(LIFECYCLE_STAGES);
export const nextPageToken = z
  .string()
  .nullish()
  .transform((token) => (token === '' || token === null ? undefined : token));

export const experimentMessage = z
  .object({
    experiment_id: z.string(),
    name: z.string(),
    artifact_location: text,
    lifecycle_stage: lifecycleStage,
    creation_time: int64.default(0),
    last_update_time: int64.default(0),
    tags: tagList,
  })
  .transform((message): Experiment => ({
    experimentId: message.experiment_id,
    name: message.name,
    artifactLocation: message.artifact_location,
    lifecycleStage: message.lifecycle_stage,
    creationTimeMs: message.creation_time,
    lastUpdateTimeMs: message.last_update_time,
    tags: message.tags,
  }));

export const runInfoMessage = z
  .object({
    run_id: z.string(),
    experiment_id: z.string(),
    run_name: text,
    user_id: text,
    status: z.enum(RUN_STATUSES),
    start_time: int64.default(0),
    end_time: int64.nullish(),
    artifact_uri: text,
    lifecycle_stage: lifecycleStage,
  })
  .transform((info): RunInfo => ({
    runId: info.run_id,
    experimentId: info.experiment_id,
    name: info.run_name,
    userId: info.user_id,
    status: info.status,
    startTimeMs: info.start_time,
    endTimeMs: info.end_time ?? null,
    artifactUri: info.artifact_uri,
    lifecycleStage: info.lifecycle_stage,
  }));

const metricFields = { key: z.string(), value: double.default(0), timestamp: int64, step: int64.default(0) };
export const metricMessage = z
  .object(metricFields)
  .transform(({ timestamp, ...metric }): Metric => ({ ...metric, timestampMs: timestamp }));

const datasetInput = z
  .object({
    tags: tagList,
    dataset: z.object({
      name: z.string(),
      digest: z.string(),
      source_type: text,
      source: text,
      schema: z.string().optional(),
      profile: z.string().optional(),
    }),
  })
  .transform(({ tags, dataset: { source_type, ...dataset } }) => ({
    tags,
    dataset: { ...dataset, sourceType: source_type },
  }));

export const runMessage = z
  .object({
    info: runInfoMessage,
    data: z
      .object({ metrics: z.array(metricMessage).default([]), params: tagList, tags: tagList })
      .prefault({}),
    inputs: z
      .object({
        dataset_inputs: z.array(datasetInput).default([]),
        model_inputs: z.array(z.object({ model_id: z.string() })).default([]),
      })
      .prefault({}),
    outputs: z
      .object({
        model_outputs: z.array(z.object({ model_id: z.string(), step: int64.default(0) })).default([]),
      })
      .prefault({}),
  })
  .transform(({ info, data, inputs, outputs }): Run => ({
    ...info,
    ...data,
    datasetInputs: inputs.dataset_inputs,
    modelInputs: inputs.model_inputs.map((model) => model.model_id),
    modelOutputs: outputs.model_outputs.map(({ model_id, step }) => ({ modelId: model_id, step })),
  }));

const registrations = z.array(z.object({ name: z.string(), version: int64 })).default([]);

export const loggedModelMessage = z
  .object({
    info: z.object({
      model_id: z.string(),
      experiment_id: z.string(),
      name: text,
      artifact_uri: text,
      creation_timestamp_ms: int64.default(0),
      last_updated_timestamp_ms: int64.default(0),
      // Some versions of MLflow answer the number of the enum.
      status: z.union([z.string(), z.int().transform((at) => LOGGED_MODEL_STATUSES[at] ?? String(at))]),
      status_message: z.string().optional(),
      model_type: text,
      source_run_id: z.string().optional(),
      tags: tagList,
      registrations,
    }),
    data: z
      .object({
        params: tagList,
        metrics: z
          .array(
            z.object({
              ...metricFields,
              run_id: text,
              model_id: z.string().optional(),
              dataset_name: z.string().optional(),
              dataset_digest: z.string().optional(),
            }),
          )
          .default([]),
      })
      .prefault({}),
  })
  .transform(({ info, data }): LoggedModel => ({
    modelId: info.model_id,
    experimentId: info.experiment_id,
    name: info.name,
    artifactUri: info.artifact_uri,
    creationTimeMs: info.creation_timestamp_ms,
    lastUpdateTimeMs: info.last_updated_timestamp_ms,
    status: info.status,
    statusMessage: info.status_message ?? null,
    modelType: info.model_type,
    sourceRunId: nonEmpty(info.source_run_id),
    params: data.params,
    tags: info.tags,
    metrics: data.metrics.map((metric) => ({
      key: metric.key,
      value: metric.value,
      timestampMs: metric.timestamp,
      step: metric.step,
      runId: metric.run_id,
      modelId: metric.model_id,
      datasetName: metric.dataset_name,
      datasetDigest: metric.dataset_digest,
    })),
    registrations: info.registrations,
  }));

const LOGGED_MODEL_STATUSES = [
  'LOGGED_MODEL_STATUS_UNSPECIFIED',
  'LOGGED_MODEL_PENDING',
  'LOGGED_MODEL_READY',
  'LOGGED_MODEL_UPLOAD_FAILED',
];

/**
 * As it stands on the wire; the registry makes our entities of it, since some of their fields are kept in
 * tags.
 */
export const versionMessage = z.object({
  name: z.string(),
  version: int64,
  description: z.string().optional(),
  user_id: z.string().optional(),
  current_stage: z.string().default('None'),
  source: text,
  run_id: z.string().optional(),
  run_link: z.string().optional(),
  model_id: z.string().optional(),
  status: z.enum(VERSION_STATUSES).default('READY'),
  status_message: z.string().optional(),
  creation_timestamp: int64.default(0),
  last_updated_timestamp: int64.default(0),
  tags: tagList,
  aliases: z.array(z.string()).default([]),
});

export const modelMessage = z.object({
  name: z.string(),
  description: z.string().optional(),
  creation_timestamp: int64.default(0),
  last_updated_timestamp: int64.default(0),
  tags: tagList,
  aliases: z.array(z.object({ alias: z.string(), version: int64 })).default([]),
  latest_versions: z.array(versionMessage).default([]),
});

/** Protobuf does not tell empty from unset. */
export function nonEmpty(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

/** JSON has no NaN and no infinities; protobuf's JSON writes them as texts. */
export function renderDouble(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

export function renderPairs(tags: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}
