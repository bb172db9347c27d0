import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { toPairs } from '../../mlflow/codec.ts';
import { datasetInput, metric, metricInput, run, runInfo } from '../../mlflow/messages.ts';
import { zodOf } from '../../mlflow/zod-of.ts';
import { checkBatch, checkDataset, checkMetrics, checkText, toParam, toTag } from '../limits.ts';
import type { RunStore } from '../tracking-store.ts';
import { ask, askPage, renderSearch, tell } from './ask.ts';
import type { MlflowConnection } from './connection.ts';

const HISTORY_PAGE = 25_000;
const answer = z.object({ run: zodOf(run) }).transform((given) => given.run);

export function createRemoteRuns(connection: MlflowConnection, clock: Clock): RunStore {
  const post = async (path: string, body: object): Promise<void> =>
    await tell(connection, { method: 'POST', path: `runs/${path}`, body, isRepeatable: true });

  return {
    create: async ({ experimentId, name, userId, startTimeMs, tags = {} }) => {
      const pairs = toPairs(tags).map(toTag);
      checkText('user id', userId ?? '', 256);
      return await ask(
        connection,
        {
          method: 'POST',
          path: 'runs/create',
          body: {
            experiment_id: experimentId,
            run_name: name,
            user_id: userId,
            start_time: startTimeMs ?? clock.nowMs(),
            tags: pairs,
          },
          isRepeatable: false,
        },
        answer,
      );
    },
    get: async (runId) =>
      await ask(
        connection,
        { method: 'GET', path: 'runs/get', query: { run_id: runId }, isRepeatable: true },
        answer,
      ),
    update: async (runId, { status, endTimeMs, name }) => {
      const body = { run_id: runId, status, end_time: endTimeMs, run_name: name };
      const updated = await ask(
        connection,
        { method: 'POST', path: 'runs/update', body, isRepeatable: true },
        z.object({ run_info: zodOf(runInfo) }),
      );
      return updated.run_info;
    },
    search: async ({ experimentIds, viewType = 'ACTIVE_ONLY', ...options }) => {
      if (experimentIds.length === 0) return { items: [], nextPageToken: undefined };
      return await askPage(
        connection,
        {
          method: 'POST',
          path: 'runs/search',
          body: { ...renderSearch(options), experiment_ids: experimentIds, run_view_type: viewType },
          isRepeatable: true,
        },
        'runs',
        zodOf(run),
      );
    },
    delete: async (runId) => await post('delete', { run_id: runId }),
    restore: async (runId) => await post('restore', { run_id: runId }),
    logBatch: async (runId, { metrics = [], params = [], tags = [] }) => {
      checkBatch({ metrics, params, tags });
      checkMetrics(metrics);
      await post('log-batch', {
        run_id: runId,
        metrics: metrics.map((one) => metricInput.render(one)),
        params: params.map(toParam),
        tags: tags.map(toTag),
      });
    },
    deleteTag: async (runId, key) => await post('delete-tag', { run_id: runId, key }),
    logInputs: async (runId, { datasets, modelIds = [] }) => {
      for (const { dataset } of datasets) checkDataset(dataset);
      await post('log-inputs', {
        run_id: runId,
        datasets: datasets.map((one) => datasetInput.render(one)),
        models: modelIds.map((model_id) => ({ model_id })),
      });
    },
    logOutputs: async (runId, models) =>
      await post('outputs', {
        run_id: runId,
        models: models.map(({ modelId, step }) => ({ model_id: modelId, step })),
      }),
    metricHistory: async (runId, key, { maxResults = HISTORY_PAGE, pageToken } = {}) =>
      await askPage(
        connection,
        {
          method: 'GET',
          path: 'metrics/get-history',
          query: { run_id: runId, metric_key: key, max_results: maxResults, page_token: pageToken },
          isRepeatable: true,
        },
        'metrics',
        zodOf(metric),
      ),
  };
}
