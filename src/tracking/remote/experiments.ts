import { z } from 'zod';
import { orMissing } from '../../core/errors.ts';
import { toPairs } from '../../mlflow/codec.ts';
import { experiment } from '../../mlflow/messages.ts';
import { zodOf } from '../../mlflow/zod-of.ts';
import { ensureExperiment } from '../ensure-experiment.ts';
import { checkExperimentName, checkExperimentTag } from '../limits.ts';
import type { ExperimentStore } from '../tracking-store.ts';
import { ask, askPage, renderSearch, tell } from './ask.ts';
import type { MlflowConnection, RemoteCall } from './connection.ts';

const DEFAULT_MAX_RESULTS = 1000;
const answer = z.object({ experiment: zodOf(experiment) }).transform((given) => given.experiment);

export function createRemoteExperiments(connection: MlflowConnection): ExperimentStore {
  const post = async (path: string, body: object): Promise<void> =>
    await tell(connection, { method: 'POST', path: `experiments/${path}`, body, isRepeatable: true });

  const findByName: ExperimentStore['findByName'] = async (name) => {
    const call: RemoteCall = {
      method: 'GET',
      path: 'experiments/get-by-name',
      query: { experiment_name: name },
      isRepeatable: true,
    };
    return await orMissing(ask(connection, call, answer));
  };

  const create: ExperimentStore['create'] = async ({ name, artifactLocation, tags = {} }) => {
    checkExperimentName(name);
    toPairs(tags).forEach(checkExperimentTag);
    const made = await ask(
      connection,
      {
        method: 'POST',
        path: 'experiments/create',
        body: { name, artifact_location: artifactLocation, tags: toPairs(tags) },
        isRepeatable: false,
      },
      z.object({ experiment_id: z.string() }),
    );
    return made.experiment_id;
  };

  return {
    create,
    findByName,
    get: async (experimentId) =>
      await ask(
        connection,
        {
          method: 'GET',
          path: 'experiments/get',
          query: { experiment_id: experimentId },
          isRepeatable: true,
        },
        answer,
      ),
    ensure: async (name) => await ensureExperiment({ create, findByName }, name),
    search: async ({ viewType = 'ACTIVE_ONLY', maxResults = DEFAULT_MAX_RESULTS, ...options }) =>
      await askPage(
        connection,
        {
          method: 'POST',
          path: 'experiments/search',
          body: { ...renderSearch({ ...options, maxResults }), view_type: viewType },
          isRepeatable: true,
        },
        'experiments',
        zodOf(experiment),
      ),
    rename: async (experimentId, name) => {
      checkExperimentName(name);
      await post('update', { experiment_id: experimentId, new_name: name });
    },
    delete: async (experimentId) => await post('delete', { experiment_id: experimentId }),
    restore: async (experimentId) => await post('restore', { experiment_id: experimentId }),
    setTag: async (experimentId, key, value) => {
      checkExperimentTag({ key, value });
      await post('set-experiment-tag', { experiment_id: experimentId, key, value });
    },
    deleteTag: async (experimentId, key) =>
      await post('delete-experiment-tag', { experiment_id: experimentId, key }),
  };
}
