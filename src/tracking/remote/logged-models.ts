import { z } from 'zod';
import { toPairs } from '../../mlflow/codec.ts';
import { loggedModel } from '../../mlflow/messages.ts';
import { zodOf } from '../../mlflow/zod-of.ts';
import { toParam, toTag } from '../limits.ts';
import type { LoggedModelStore } from '../tracking-store.ts';
import { ask, askPage, tell } from './ask.ts';
import { parseOrder } from '../search/parse.ts';
import type { MlflowConnection } from './connection.ts';

const answer = z.object({ model: zodOf(loggedModel) }).transform(({ model }) => model);

export function createRemoteLoggedModels(connection: MlflowConnection): LoggedModelStore {
  const pathOf = (modelId: string, rest = ''): string =>
    `logged-models/${encodeURIComponent(modelId)}${rest}`;

  return {
    create: async ({ experimentId, name, modelType, sourceRunId, params = [], tags = {} }) => {
      return await ask(
        connection,
        {
          method: 'POST',
          path: 'logged-models',
          body: {
            experiment_id: experimentId,
            name,
            model_type: modelType,
            source_run_id: sourceRunId,
            params: params.map(toParam),
            tags: toPairs(tags).map(toTag),
          },
          isRepeatable: false,
        },
        answer,
      );
    },
    get: async (modelId) =>
      await ask(connection, { method: 'GET', path: pathOf(modelId), isRepeatable: true }, answer),
    finalize: async (modelId, status) =>
      await ask(
        connection,
        {
          method: 'PATCH',
          path: pathOf(modelId),
          body: { model_id: modelId, status },
          isRepeatable: true,
        },
        answer,
      ),
    delete: async (modelId) =>
      await tell(connection, { method: 'DELETE', path: pathOf(modelId), isRepeatable: true }),
    search: async ({ experimentIds, filter, orderBy, maxResults, pageToken }) =>
      await askPage(
        connection,
        {
          method: 'POST',
          path: 'logged-models/search',
          body: {
            experiment_ids: experimentIds,
            filter,
            order_by: orderBy?.map(toOrder),
            max_results: maxResults,
            page_token: pageToken,
          },
          isRepeatable: true,
        },
        'models',
        zodOf(loggedModel),
      ),
    setTags: async (modelId, tags) => {
      await tell(connection, {
        method: 'PATCH',
        path: pathOf(modelId, '/tags'),
        body: { tags: toPairs(tags).map(toTag) },
        isRepeatable: true,
      });
    },
    deleteTag: async (modelId, key) =>
      await tell(connection, {
        method: 'DELETE',
        path: pathOf(modelId, `/tags/${encodeURIComponent(key)}`),
        isRepeatable: true,
      }),
    logParams: async (modelId, params) => {
      await tell(connection, {
        method: 'POST',
        path: pathOf(modelId, '/params'),
        body: { params: params.map(toParam) },
        isRepeatable: true,
      });
    },
  };
}

/** `metrics.accuracy DESC`, which the protocol takes apart. */
function toOrder(criterion: string): { field_name: string; ascending: boolean } {
  const { key, isAscending } = parseOrder(criterion);
  return {
    field_name: key.prefix === undefined ? key.name : `${key.prefix}.${key.name}`,
    ascending: isAscending,
  };
}
