import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { checkJsonDepth, parseJson } from '../../core/json-depth.ts';
import { RUN_STATUSES } from '../../mlflow/enums.ts';
import { run, runInfo } from '../../mlflow/messages.ts';
import { artifactKeyOf } from '../../tracking/index.ts';
import { checkTagKeys } from '../guard-served.ts';
import { viewType } from './experiments.ts';
import { renderFiles } from './files.ts';
import { readPlainBatch, readPlainMetric, readPlainRun } from './fast-parse.ts';
import { renderRunsPage } from './fast-render.ts';
import { route } from './route.ts';
import { experimentIds, search, toSearchOptions } from './search.ts';
import {
  choice,
  idText,
  list,
  optionalInt,
  optionalText,
  pair,
  pairs,
  requiredFloat,
  requiredInt,
  requiredText,
  toTags,
} from './wire.ts';

/** Numbers of mlflow.RunStatus. */
const runStatus = choice(RUN_STATUSES, [1, 2, 3, 4, 5]);

const metricFields = z.object({
  key: requiredText,
  value: requiredFloat,
  timestamp: requiredInt,
  step: optionalInt,
  model_id: optionalText,
  dataset_name: optionalText,
  dataset_digest: optionalText,
});
const metric = metricFields.transform(toMetricInput);

const runId = z.object({ run_id: requiredText });
const datasetInput = z.object({
  tags: pairs,
  dataset: z.object({
    name: requiredText,
    digest: requiredText,
    source_type: requiredText,
    source: requiredText,
    schema: optionalText,
    profile: optionalText,
  }),
});

export const runRoutes = [
  route(
    'POST runs/create',
    z.object({
      experiment_id: idText.optional(),
      user_id: optionalText,
      run_name: optionalText,
      start_time: optionalInt,
      tags: pairs,
    }),
    async (input, context) => {
      checkTagKeys(input.tags, context);
      const made = await context.tracking.runs.create({
        experimentId: input.experiment_id ?? '0',
        userId: input.user_id,
        name: input.run_name,
        startTimeMs: input.start_time,
        tags: toTags(input.tags),
      });
      return { run: run.render(made) };
    },
    readPlainRun,
  ),
  route(
    'POST runs/update',
    runId.extend({ status: runStatus, end_time: optionalInt, run_name: optionalText }),
    async ({ run_id, status, end_time, run_name }, { tracking }) => ({
      run_info: runInfo.render(
        await tracking.runs.update(run_id, { status, endTimeMs: end_time, name: run_name }),
      ),
    }),
  ),
  route('GET runs/get', runId, async ({ run_id }, { tracking }) => ({
    run: run.render(await tracking.runs.get(run_id)),
  })),
  route(
    'POST runs/search',
    search.extend({ experiment_ids: experimentIds, run_view_type: viewType }),
    async (input, { tracking, hangUp }) => {
      const page = await tracking.runs.search({
        ...toSearchOptions(input, { hangUp }),
        experimentIds: input.experiment_ids,
        viewType: input.run_view_type,
      });
      return renderRunsPage(page.items, page.nextPageToken);
    },
  ),
  route('POST runs/delete', runId, async ({ run_id }, { tracking }) => await tracking.runs.delete(run_id)),
  route('POST runs/restore', runId, async ({ run_id }, { tracking }) => await tracking.runs.restore(run_id)),
  route(
    'POST runs/log-metric',
    runId.extend(metricFields.shape),
    async ({ run_id, ...one }, { tracking }) => {
      await tracking.runs.logBatch(run_id, { metrics: [toMetricInput(one)] });
    },
    readPlainMetric,
  ),
  route('POST runs/log-parameter', runId.extend(pair.shape), async ({ run_id, key, value }, { tracking }) => {
    await tracking.runs.logBatch(run_id, { params: [{ key, value }] });
  }),
  route(
    'POST runs/log-batch',
    runId.extend({ metrics: list(metric), params: list(pair), tags: list(pair) }),
    async ({ run_id, ...batch }, context) => {
      checkTagKeys(batch.tags, context);
      await context.tracking.runs.logBatch(run_id, batch);
    },
    readPlainBatch(toMetricInput),
  ),
  route('POST runs/set-tag', runId.extend(pair.shape), async ({ run_id, key, value }, context) => {
    checkTagKeys([{ key }], context);
    await context.tracking.runs.logBatch(run_id, { tags: [{ key, value }] });
  }),
  route('POST runs/delete-tag', runId.extend({ key: requiredText }), async ({ run_id, key }, context) => {
    checkTagKeys([{ key }], context);
    await context.tracking.runs.deleteTag(run_id, key);
  }),
  route(
    'POST runs/log-inputs',
    runId.extend({ datasets: list(datasetInput), models: list(z.object({ model_id: requiredText })) }),
    async ({ run_id, datasets, models }, { tracking }) => {
      await tracking.runs.logInputs(run_id, {
        datasets: datasets.map(({ tags, dataset: { source_type, ...dataset } }) => ({
          tags: toTags(tags),
          dataset: { ...dataset, sourceType: source_type },
        })),
        modelIds: models.map((model) => model.model_id),
      });
    },
  ),
  route(
    'POST runs/outputs',
    runId.extend({ models: list(z.object({ model_id: requiredText, step: optionalInt })) }),
    async ({ run_id, models }, { tracking }) => {
      await tracking.runs.logOutputs(
        run_id,
        models.map(({ model_id, step = 0 }) => ({ modelId: model_id, step })),
      );
    },
  ),
  route(
    'POST runs/log-model',
    runId.extend({ model_json: requiredText }),
    async ({ run_id, model_json }, { tracking }) => {
      const model = parseModelJson(model_json);
      const { tags } = await tracking.runs.get(run_id);
      const history = parseHistory(tags['mlflow.log-model.history']);
      await tracking.runs.logBatch(run_id, {
        tags: [{ key: 'mlflow.log-model.history', value: JSON.stringify([...history, model]) }],
      });
    },
  ),
  route(
    'GET artifacts/list',
    runId.extend({ path: optionalText, page_token: optionalText }),
    async ({ run_id, path = '' }, { tracking, artifacts }) => {
      const { artifactUri } = await tracking.runs.get(run_id);
      const entries = await artifacts.listFolder(artifactKeyOf(artifactUri, path));
      return { root_uri: artifactUri, files: renderFiles(entries, artifactKeyOf(artifactUri)) };
    },
  ),
];

const MODEL_FIELDS = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'];

function parseModelJson(json: string): object {
  let model: unknown;
  checkJsonDepth(json, 'model_json');
  try {
    model = JSON.parse(json);
  } catch (cause) {
    throw new AppError(
      'invalid-input',
      `Malformed model info. \n ${json.slice(0, 500)} \n is not a valid JSON.`,
      { cause },
    );
  }
  if (typeof model !== 'object' || model === null || Array.isArray(model))
    throw new AppError('invalid-input', 'Malformed model info: it must be a JSON object.');
  const missing = MODEL_FIELDS.filter((field) => !Object.hasOwn(model, field));
  if (missing.length > 0)
    throw new AppError('invalid-input', `Model json is missing mandatory fields: ${missing.join(', ')}`);
  return model;
}

function parseHistory(tag: string | undefined): unknown[] {
  if (tag === undefined) return [];
  try {
    const history = parseJson(tag, 'the history');
    return Array.isArray(history) ? history : [];
  } catch {
    // A tag that a client set by hand is no history.
    return [];
  }
}

function toMetricInput(given: z.output<typeof metricFields>) {
  return {
    key: given.key,
    value: given.value,
    timestampMs: given.timestamp,
    step: given.step ?? 0,
    modelId: orNone(given.model_id),
    datasetName: orNone(given.dataset_name),
    datasetDigest: orNone(given.dataset_digest),
  };
}

function orNone(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
