/** MLflow 3's logged models. */
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { artifactKeyOf } from '../../tracking/index.ts';
import { checkTagKeys } from '../guard-served.ts';
import { renderFiles } from './files.ts';
import { loggedModel } from '../../mlflow/messages.ts';
import { route } from './route.ts';
import { experimentIds, search, toSearchOptions } from './search.ts';
import {
  choice,
  idText,
  list,
  optionalBoolean,
  optionalText,
  pair,
  pairs,
  requiredText,
  toTags,
  unlessEmpty,
} from './wire.ts';

const model = z.object({ model_id: requiredText });
/** Numbers of mlflow.LoggedModelStatus. */
const status = choice(
  ['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED'],
  [1, 2, 3],
);

export const loggedModelRoutes = [
  route(
    'POST logged-models',
    z.object({
      experiment_id: idText,
      name: optionalText,
      model_type: optionalText,
      source_run_id: optionalText,
      params: list(pair),
      tags: pairs,
    }),
    async (input, context) => {
      checkTagKeys(input.tags, context);
      const created = await context.tracking.loggedModels.create({
        experimentId: input.experiment_id,
        name: input.name,
        modelType: input.model_type,
        sourceRunId: input.source_run_id === '' ? undefined : input.source_run_id,
        params: input.params,
        tags: toTags(input.tags),
      });
      return { model: loggedModel.render(created) };
    },
  ),
  route(
    'POST logged-models/search',
    search.extend({
      experiment_ids: experimentIds.pipe(z.array(z.string()).min(1)),
      datasets: list(z.object({ dataset_name: requiredText, dataset_digest: optionalText })),
      order_by: list(
        z
          .object({ field_name: requiredText, ascending: optionalBoolean })
          .transform(({ field_name, ascending = true }) => toOrder(field_name, ascending)),
      ),
    }),
    async (input, { tracking, hangUp }) => {
      const page = await tracking.loggedModels.search({
        ...toSearchOptions(input, { hangUp }),
        experimentIds: input.experiment_ids,
      });
      const names = new Set(input.datasets.map((dataset) => dataset.dataset_name));
      const measured =
        names.size === 0
          ? page.items
          : page.items.filter((one) => one.metrics.some((metric) => names.has(metric.datasetName ?? '')));
      return { models: unlessEmpty(measured.map(loggedModel.render)), next_page_token: page.nextPageToken };
    },
  ),
  route('GET logged-models/:model_id', model, async ({ model_id }, { tracking }) => ({
    model: loggedModel.render(await tracking.loggedModels.get(model_id)),
  })),
  route(
    'PATCH logged-models/:model_id',
    model.extend({ status }),
    async ({ model_id, status: wanted }, { tracking }) => {
      if (wanted === undefined)
        throw new AppError('invalid-input', "Missing value for required parameter 'status'.");
      return { model: loggedModel.render(await tracking.loggedModels.finalize(model_id, wanted)) };
    },
  ),
  route('DELETE logged-models/:model_id', model, async ({ model_id }, { tracking }) => {
    await tracking.loggedModels.delete(model_id);
  }),
  route(
    'PATCH logged-models/:model_id/tags',
    model.extend({ tags: pairs }),
    async ({ model_id, tags }, context) => {
      checkTagKeys(tags, context);
      await context.tracking.loggedModels.setTags(model_id, toTags(tags));
    },
  ),
  route(
    'DELETE logged-models/:model_id/tags/:tag_key',
    model.extend({ tag_key: requiredText }),
    async ({ model_id, tag_key }, context) => {
      checkTagKeys([{ key: tag_key }], context);
      await context.tracking.loggedModels.deleteTag(model_id, tag_key);
    },
  ),
  route(
    'POST logged-models/:model_id/params',
    model.extend({ params: list(pair) }),
    async ({ model_id, params }, { tracking }) => await tracking.loggedModels.logParams(model_id, params),
  ),
  route(
    'GET logged-models/:model_id/artifacts/directories',
    model.extend({ artifact_directory_path: optionalText }),
    async ({ model_id, artifact_directory_path: path = '' }, { tracking, artifacts }) => {
      const { artifactUri } = await tracking.loggedModels.get(model_id);
      const folder = path === '.' ? '' : path;
      const entries = await artifacts.listFolder(artifactKeyOf(artifactUri, folder));
      return { root_uri: artifactUri, files: renderFiles(entries, artifactKeyOf(artifactUri)) };
    },
  ),
];

function toOrder(field: string, ascending: boolean): string {
  const dot = field.indexOf('.');
  const key = dot === -1 ? field : `${field.slice(0, dot)}.\`${field.slice(dot + 1).replaceAll('`', '')}\``;
  return `${key} ${ascending ? 'ASC' : 'DESC'}`;
}
