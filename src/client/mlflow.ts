/** Tracking and registry over MLflow's protocol, in its own messages. */
import { renderDouble } from '../mlflow/double.ts';
import type {
  MlflowExperiment,
  MlflowFileInfo,
  MlflowMetric,
  MlflowModel,
  MlflowModelVersion,
  MlflowPair,
  MlflowRun,
  MlflowRunInfo,
} from '../mlflow/messages.ts';
import { ApiError } from './api-error.ts';
import type { Caller, CallOptions, CallParts, Content, Method } from './caller.ts';

const API = '/api/2.0/mlflow';
const ARTIFACTS = '/api/2.0/mlflow-artifacts/artifacts';
const SCHEME = 'mlflow-artifacts:/';

export interface SearchRuns {
  experiment_ids: readonly string[];
  /** `metrics.accuracy > 0.9 and params.recipe = 'full'`. */
  filter?: string | undefined;
  order_by?: readonly string[] | undefined;
  run_view_type?: 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL' | undefined;
  /** Runs of one page; the iterator goes through all pages. */
  max_results?: number | undefined;
}

export interface SearchOther {
  filter?: string | undefined;
  order_by?: readonly string[] | undefined;
  max_results?: number | undefined;
}

export interface LogBatch {
  metrics?: readonly (Omit<MlflowMetric, 'step'> & { step?: number })[];
  params?: readonly MlflowPair[];
  tags?: readonly MlflowPair[];
}

export type MlflowClient = ReturnType<typeof createMlflowClient>;

export function createMlflowClient(caller: Caller) {
  const call = async <T>(method: Method, path: string, input: object, parts: CallParts = {}): Promise<T> =>
    await caller.json<T>(method, `${API}/${path}`, { ...parts, json: input });
  const read = async <T>(path: string, query: CallParts['query'], options?: CallOptions): Promise<T> =>
    await caller.json<T>('GET', `${API}/${path}`, { ...options, query });
  const once = (options?: CallOptions): CallParts => ({ ...options, isRepeatable: true });

  /** Asks for page after page, as they are needed. */
  async function* pages<T>(
    ask: (pageToken: string | undefined) => Promise<{ items: T[]; next: string | undefined }>,
  ) {
    let token: string | undefined;
    do {
      const { items, next } = await ask(token);
      yield* items;
      token = next;
    } while (token !== undefined && token !== '');
  }

  const experiments = {
    create: async (
      name: string,
      options?: CallOptions & { tags?: readonly MlflowPair[] },
    ): Promise<string> => {
      const { tags, ...rest } = options ?? {};
      const { experiment_id } = await call<{ experiment_id: string }>(
        'POST',
        'experiments/create',
        { name, tags },
        rest,
      );
      return experiment_id;
    },
    get: async (experimentId: string, options?: CallOptions): Promise<MlflowExperiment> =>
      (
        await read<{ experiment: MlflowExperiment }>(
          'experiments/get',
          { experiment_id: experimentId },
          options,
        )
      ).experiment,
    /** Undefined where there is none of that name. */
    findByName: async (name: string, options?: CallOptions): Promise<MlflowExperiment | undefined> => {
      try {
        const query = { experiment_name: name };
        return (await read<{ experiment: MlflowExperiment }>('experiments/get-by-name', query, options))
          .experiment;
      } catch (error) {
        if (error instanceof ApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    search: (search: SearchOther = {}, options?: CallOptions): AsyncGenerator<MlflowExperiment> =>
      pages(async (page_token) => {
        const input = { max_results: 1000, ...search, page_token };
        const answer = await call<{ experiments?: MlflowExperiment[]; next_page_token?: string }>(
          'POST',
          'experiments/search',
          input,
          once(options),
        );
        return { items: answer.experiments ?? [], next: answer.next_page_token };
      }),
    delete: async (experimentId: string, options?: CallOptions): Promise<void> => {
      await call('POST', 'experiments/delete', { experiment_id: experimentId }, options);
    },
  };

  const runs = {
    create: async (
      run: { experiment_id: string; run_name?: string; start_time?: number; tags?: readonly MlflowPair[] },
      options?: CallOptions,
    ): Promise<MlflowRun> =>
      (await call<{ run: MlflowRun }>('POST', 'runs/create', { start_time: Date.now(), ...run }, options))
        .run,
    get: async (runId: string, options?: CallOptions): Promise<MlflowRun> =>
      (await read<{ run: MlflowRun }>('runs/get', { run_id: runId }, options)).run,
    update: async (
      runId: string,
      change: { status?: MlflowRunInfo['status']; end_time?: number; run_name?: string },
      options?: CallOptions,
    ): Promise<MlflowRunInfo> =>
      (
        await call<{ run_info: MlflowRunInfo }>(
          'POST',
          'runs/update',
          { run_id: runId, ...change },
          once(options),
        )
      ).run_info,
    /** Repeated without harm: a metric that is there is not doubled, a param keeps its value. */
    logBatch: async (runId: string, batch: LogBatch, options?: CallOptions): Promise<void> => {
      const metrics = batch.metrics?.map((metric) => ({
        ...metric,
        value: typeof metric.value === 'number' ? renderDouble(metric.value) : metric.value,
      }));
      await call('POST', 'runs/log-batch', { run_id: runId, ...batch, metrics }, once(options));
    },
    /** Run after run, fetched page by page. */
    search: (search: SearchRuns, options?: CallOptions): AsyncGenerator<MlflowRun> =>
      pages(async (page_token) => {
        const answer = await call<{ runs?: MlflowRun[]; next_page_token?: string }>(
          'POST',
          'runs/search',
          { ...search, page_token },
          once(options),
        );
        return { items: answer.runs ?? [], next: answer.next_page_token };
      }),
    metricHistory: async (runId: string, key: string, options?: CallOptions): Promise<MlflowMetric[]> =>
      (
        await read<{ metrics?: MlflowMetric[] }>(
          'metrics/get-history',
          { run_id: runId, metric_key: key },
          options,
        )
      ).metrics ?? [],
    /**
     * One metric of up to a hundred runs, by run id: of long histories about a thousand points each, with the
     * first and the last.
     */
    metricHistories: async (
      runIds: readonly string[],
      key: string,
      options?: CallOptions,
    ): Promise<Map<string, MlflowMetric[]>> => {
      const { metrics = [] } = await read<{ metrics?: (MlflowMetric & { run_id: string })[] }>(
        'metrics/get-history-bulk-interval',
        { run_ids: runIds, metric_key: key, max_results: '1000' },
        options,
      );
      const histories = new Map<string, MlflowMetric[]>();
      for (const { run_id, ...metric } of metrics) {
        const history = histories.get(run_id);
        if (history === undefined) histories.set(run_id, [metric]);
        else history.push(metric);
      }
      return histories;
    },
    delete: async (runId: string, options?: CallOptions): Promise<void> => {
      await call('POST', 'runs/delete', { run_id: runId }, once(options));
    },
    restore: async (runId: string, options?: CallOptions): Promise<void> => {
      await call('POST', 'runs/restore', { run_id: runId }, once(options));
    },
  };

  const registry = {
    createModel: async (name: string, options?: CallOptions): Promise<MlflowModel> =>
      (await call<{ registered_model: MlflowModel }>('POST', 'registered-models/create', { name }, options))
        .registered_model,
    createVersion: async (
      version: {
        name: string;
        source: string;
        run_id?: string;
        description?: string;
        tags?: readonly MlflowPair[];
      },
      options?: CallOptions,
    ): Promise<MlflowModelVersion> =>
      (await call<{ model_version: MlflowModelVersion }>('POST', 'model-versions/create', version, options))
        .model_version,
    getVersion: async (
      name: string,
      version: string | number,
      options?: CallOptions,
    ): Promise<MlflowModelVersion> =>
      (
        await read<{ model_version: MlflowModelVersion }>(
          'model-versions/get',
          { name, version: String(version) },
          options,
        )
      ).model_version,
    searchVersions: (search: SearchOther = {}, options?: CallOptions): AsyncGenerator<MlflowModelVersion> =>
      pages(async (page_token) => {
        const { order_by: _unused, ...query } = search;
        const answer = await read<{ model_versions?: MlflowModelVersion[]; next_page_token?: string }>(
          'model-versions/search',
          { ...query, page_token },
          options,
        );
        return { items: answer.model_versions ?? [], next: answer.next_page_token };
      }),
    setAlias: async (
      name: string,
      alias: string,
      version: string | number,
      options?: CallOptions,
    ): Promise<void> => {
      await call('POST', 'registered-models/alias', { name, alias, version: String(version) }, once(options));
    },
    getByAlias: async (name: string, alias: string, options?: CallOptions): Promise<MlflowModelVersion> =>
      (await read<{ model_version: MlflowModelVersion }>('registered-models/alias', { name, alias }, options))
        .model_version,
  };

  const artifacts = {
    /** Files and folders directly below `path` of the run. */
    list: async (runId: string, path?: string, options?: CallOptions): Promise<MlflowFileInfo[]> =>
      (await read<{ files?: MlflowFileInfo[] }>('artifacts/list', { run_id: runId, path }, options)).files ??
      [],
    /** A file of any size; a stream is sent as it comes. */
    upload: async (run: MlflowRun, path: string, content: Content, options?: CallOptions): Promise<void> => {
      await (await caller.send('PUT', addressOf(run, path), { ...options, body: content })).body?.cancel();
    },
    download: async (
      run: MlflowRun,
      path: string,
      options?: CallOptions,
    ): Promise<ReadableStream<Uint8Array>> => {
      const response = await caller.send('GET', addressOf(run, path), options);
      return response.body ?? new Blob([]).stream();
    },
  };

  return { experiments, runs, registry, artifacts };
}

function addressOf({ info }: MlflowRun, path: string): string {
  if (!info.artifact_uri.startsWith(SCHEME))
    throw new ApiError(
      'unsupported',
      `the artifacts of run ${info.run_id} lie at ${info.artifact_uri}, which the server does not hand out`,
      { status: null, requestId: null },
    );
  const folder = info.artifact_uri.slice(SCHEME.length).replace(/^\/+/, '');
  return `${ARTIFACTS}/${[...folder.split('/'), ...path.split('/')].map(encodeURIComponent).join('/')}`;
}
