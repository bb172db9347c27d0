import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { VIEW_TYPES } from '../../mlflow/enums.ts';
import { experiment as experimentMessage } from '../../mlflow/messages.ts';
import { checkTagKeys } from '../guard-served.ts';
import { checkLocation } from './locations.ts';
import { route } from './route.ts';
import { search, toSearchOptions } from './search.ts';
import { choice, idText, optionalText, pairs, requiredText, toTags, unlessEmpty } from './wire.ts';

/** Numbers of mlflow.ViewType. */
export const viewType = choice(VIEW_TYPES, [1, 2, 3]);

export const experimentRoutes = [
  route(
    'POST experiments/create',
    z.object({ name: requiredText, artifact_location: optionalText, tags: pairs }),
    async ({ name, artifact_location, tags }, context) => {
      checkTagKeys(tags, context);
      checkLocation(artifact_location);
      const experiment_id = await context.tracking.experiments.create({
        name,
        artifactLocation: artifact_location,
        tags: toTags(tags),
      });
      return { experiment_id };
    },
  ),
  route(
    'GET experiments/get',
    z.object({ experiment_id: idText }),
    async ({ experiment_id }, { tracking }) => ({
      experiment: experimentMessage.render(await tracking.experiments.get(experiment_id)),
    }),
  ),
  route(
    'GET experiments/get-by-name',
    z.object({ experiment_name: requiredText }),
    async ({ experiment_name }, { tracking }) => {
      const experiment = await tracking.experiments.findByName(experiment_name);
      if (experiment === undefined)
        throw new AppError('not-found', `Could not find experiment with name '${experiment_name}'`);
      return { experiment: experimentMessage.render(experiment) };
    },
  ),
  route(
    'GET,POST experiments/search',
    search.extend({ view_type: viewType }),
    async (input, { tracking, hangUp }) => {
      const page = await tracking.experiments.search({
        ...toSearchOptions(input, { hangUp }),
        viewType: input.view_type,
      });
      return {
        experiments: unlessEmpty(page.items.map(experimentMessage.render)),
        next_page_token: page.nextPageToken,
      };
    },
  ),
  route(
    'POST experiments/update',
    z.object({ experiment_id: idText, new_name: requiredText }),
    async ({ experiment_id, new_name }, { tracking }) =>
      await tracking.experiments.rename(experiment_id, new_name),
  ),
  route(
    'POST experiments/delete',
    z.object({ experiment_id: idText }),
    async ({ experiment_id }, { tracking }) => tracking.experiments.delete(experiment_id),
  ),
  route(
    'POST experiments/restore',
    z.object({ experiment_id: idText }),
    async ({ experiment_id }, { tracking }) => tracking.experiments.restore(experiment_id),
  ),
  route(
    'POST experiments/set-experiment-tag',
    z.object({ experiment_id: idText, key: requiredText, value: optionalText }),
    async ({ experiment_id, key, value = '' }, context) => {
      checkTagKeys([{ key }], context);
      await context.tracking.experiments.setTag(experiment_id, key, value);
    },
  ),
  route(
    'POST,DELETE experiments/delete-experiment-tag',
    z.object({ experiment_id: idText, key: requiredText }),
    async ({ experiment_id, key }, context) => {
      checkTagKeys([{ key }], context);
      await context.tracking.experiments.deleteTag(experiment_id, key);
    },
  ),
];
