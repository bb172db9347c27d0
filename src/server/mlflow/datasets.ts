import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { route } from './route.ts';
import { idText, list } from './wire.ts';

const MAX_EXPERIMENTS = 20;
const MAX_RUNS = 1000;

export const datasetRoutes = [
  route(
    'POST experiments/search-datasets',
    z.object({ experiment_ids: list(idText) }),
    async ({ experiment_ids }, { tracking }) => {
      if (experiment_ids.length === 0)
        throw new AppError(
          'invalid-input',
          'SearchDatasets request must specify at least one experiment_id.',
        );
      if (experiment_ids.length > MAX_EXPERIMENTS)
        throw new AppError(
          'invalid-input',
          `SearchDatasets request cannot specify more than ${MAX_EXPERIMENTS} experiment_ids. Received ${experiment_ids.length} experiment_ids.`,
        );
      const { items } = await tracking.runs.search({ experimentIds: experiment_ids, maxResults: MAX_RUNS });
      const summaries = new Map(
        items.flatMap((run) =>
          run.datasetInputs.map(({ dataset: { name, digest }, tags }) => {
            const context = tags['mlflow.data.context'];
            const summary = { experiment_id: run.experimentId, name, digest, context };
            return [JSON.stringify(summary), summary] as const;
          }),
        ),
      );
      // The web page reads the field even when there is nothing in it.
      return { dataset_summaries: [...summaries.values()] };
    },
  ),
];
