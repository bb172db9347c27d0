/** copyloop's own API, typed by what the server says of it in /openapi.json (`api.ts`, generated). */
import type { Answer, Body, Query } from './api-types.ts';
import { createCaller, type CallOptions, type ClientOptions } from './caller.ts';
import { followUntilEnded, type FollowOptions } from './follow.ts';
import { createJobsClient } from './jobs.ts';
import { createMlflowClient } from './mlflow.ts';

export type PredictRequest = Body<'POST /predict'>;
export type PredictAnswer = Answer<'POST /predict'>;
export type BatchPredictRequest = Body<'POST /batch_predict'>;
export type BatchPredictAnswer = Answer<'POST /batch_predict'>;
export type FeedbackRequest = Body<'POST /feedback'>;
export type RunRequest = Body<'POST /runs'>;
export type PipelineRun = Answer<'GET /runs/{id}'>['run'];
export type PipelineRunSummary = Answer<'GET /runs'>['runs'][number];
export type ModelSummary = Answer<'GET /models'>['models'][number];
export type ModelVersion = Answer<'GET /models/{name}/versions'>['versions'][number];
export type GateReport = Answer<'GET /models/{name}/versions/{version}/gate'>['gate'];
export type Receipt = Answer<'GET /models/{name}/versions/{version}/receipt'>['receipt'];
export type AliasMove = Answer<'GET /models/{name}/aliases/{alias}/history'>['history'][number];

export type Client = ReturnType<typeof createClient>;

const BATCH_TIMEOUT_MS = 600_000;

export function createClient(options: ClientOptions) {
  const caller = createCaller(options);
  const get = async <T>(path: string, query?: object, rest?: CallOptions): Promise<T> =>
    await caller.json<T>('GET', path, { ...rest, query: { ...query } });
  const post = async <T>(path: string, json: unknown, rest?: CallOptions & { isRepeatable?: boolean }) =>
    await caller.json<T>('POST', path, { ...rest, json: json ?? {} });
  const segment = encodeURIComponent;

  const getRun = async (id: string, rest?: CallOptions): Promise<PipelineRun> =>
    (await get<Answer<'GET /runs/{id}'>>(`/runs/${segment(id)}`, {}, rest)).run;

  const versionPath = (name: string, version: number): string =>
    `/models/${segment(name)}/versions/${version}`;

  return {
    /** Copy for one product. Asked again where the server was too busy: it had done nothing yet. */
    predict: async (request: PredictRequest, rest?: CallOptions) =>
      await post<PredictAnswer>('/predict', request, { ...rest, isRepeatable: true }),
    /** Copy for many products, in their order; waits ten minutes when no `timeoutMs` is given. */
    batchPredict: async (request: BatchPredictRequest, rest?: CallOptions) =>
      await post<BatchPredictAnswer>('/batch_predict', request, {
        timeoutMs: BATCH_TIMEOUT_MS,
        ...rest,
        isRepeatable: true,
      }),
    /** Asked again only where the request has an `idempotency_key`, under which the server keeps it once. */
    feedback: async (request: FeedbackRequest, rest?: CallOptions) =>
      await post<Answer<'POST /feedback'>>('/feedback', request, {
        ...rest,
        isRepeatable: request.idempotency_key !== undefined,
      }),
    /** From a prediction back to its version, training, dataset and gate report. */
    receipt: async (id: string, rest?: CallOptions) =>
      await get<Answer<'GET /predictions/{id}/receipt'>>(`/predictions/${segment(id)}/receipt`, {}, rest),
    health: async (rest?: CallOptions) => await get<Answer<'GET /health'>>('/health', {}, rest),
    /** @throws ApiError `not-ready` while there is no champion */
    ready: async (rest?: CallOptions) => await get<Answer<'GET /ready'>>('/ready', {}, rest),
    info: async (rest?: CallOptions) => await get<Answer<'GET /info'>>('/info', {}, rest),
    traffic: {
      get: async (rest?: CallOptions) =>
        await get<Answer<'GET /serving/traffic'>>('/serving/traffic', {}, rest),
      set: async (traffic: Body<'PUT /serving/traffic'>, rest?: CallOptions) =>
        await caller.json<Answer<'PUT /serving/traffic'>>('PUT', '/serving/traffic', {
          ...rest,
          json: traffic,
        }),
    },
    /** Pipeline runs. */
    runs: {
      /** @returns the new run's id; throws `conflict` while another run is active */
      start: async (request: RunRequest = {}, rest?: CallOptions): Promise<string> =>
        (await post<Answer<'POST /runs'>>('/runs', request, rest)).run_id,
      list: async (query: Query<'GET /runs'> = {}, rest?: CallOptions): Promise<PipelineRunSummary[]> =>
        (await get<Answer<'GET /runs'>>('/runs', query, rest)).runs,
      get: getRun,
      /** The run each time that it changed, until it has ended. */
      follow: (id: string, rest: FollowOptions = {}): AsyncGenerator<PipelineRun> =>
        followUntilEnded((signal) => getRun(id, { signal }), rest),
      cancel: async (id: string, rest?: CallOptions): Promise<void> => {
        await post(`/runs/${segment(id)}/cancel`, {}, rest);
      },
      /** @returns the id of the new run */
      replay: async (id: string, rest?: CallOptions): Promise<string> =>
        (await post<Answer<'POST /runs/{id}/replay'>>(`/runs/${segment(id)}/replay`, {}, rest)).run_id,
    },
    models: {
      list: async (rest?: CallOptions): Promise<ModelSummary[]> =>
        (await get<Answer<'GET /models'>>('/models', {}, rest)).models,
      versions: async (name: string, rest?: CallOptions): Promise<ModelVersion[]> =>
        (await get<Answer<'GET /models/{name}/versions'>>(`/models/${segment(name)}/versions`, {}, rest))
          .versions,
      /** Where the alias has pointed, newest first. */
      history: async (name: string, alias = 'champion', rest?: CallOptions): Promise<AliasMove[]> =>
        (
          await get<Answer<'GET /models/{name}/aliases/{alias}/history'>>(
            `/models/${segment(name)}/aliases/${segment(alias)}/history`,
            {},
            rest,
          )
        ).history,
      /**
       * Moves the alias back to where it was; the reason is kept in its history. @returns the version that it
       * points at now
       */
      rollback: async (
        name: string,
        alias: string,
        request: Body<'POST /models/{name}/aliases/{alias}/rollback'>,
        rest?: CallOptions,
      ): Promise<ModelVersion> =>
        (
          await post<Answer<'POST /models/{name}/aliases/{alias}/rollback'>>(
            `/models/${segment(name)}/aliases/${segment(alias)}/rollback`,
            request,
            rest,
          )
        ).version,
      /**
       * Makes a version that has won the gate, and waits for a person, the champion. @returns the version as
       * it stands now
       */
      approve: async (
        name: string,
        version: number,
        request: Body<'POST /models/{name}/versions/{version}/approve'>,
        rest?: CallOptions,
      ): Promise<ModelVersion> =>
        (
          await post<Answer<'POST /models/{name}/versions/{version}/approve'>>(
            `${versionPath(name, version)}/approve`,
            request,
            rest,
          )
        ).version,
      /** Leaves the champion where it is. @returns the version as it stands now */
      reject: async (
        name: string,
        version: number,
        request: Body<'POST /models/{name}/versions/{version}/reject'>,
        rest?: CallOptions,
      ): Promise<ModelVersion> =>
        (
          await post<Answer<'POST /models/{name}/versions/{version}/reject'>>(
            `${versionPath(name, version)}/reject`,
            request,
            rest,
          )
        ).version,
      /**
       * What the gate found when it compared the version. @throws ApiError `not-found` for a version that
       * came from no run
       */
      gateReport: async (name: string, version: number, rest?: CallOptions): Promise<GateReport> =>
        (
          await get<Answer<'GET /models/{name}/versions/{version}/gate'>>(
            `${versionPath(name, version)}/gate`,
            {},
            rest,
          )
        ).gate,
      /** From a version back to its training, dataset and gate report. */
      receipt: async (name: string, version: number, rest?: CallOptions): Promise<Receipt> =>
        (
          await get<Answer<'GET /models/{name}/versions/{version}/receipt'>>(
            `${versionPath(name, version)}/receipt`,
            {},
            rest,
          )
        ).receipt,
    },
    /** Prediction jobs: whole catalogues. */
    jobs: createJobsClient(caller),
    /** Experiments, tracking runs, the registry and artifacts over MLflow's protocol. */
    mlflow: createMlflowClient(caller),
  };
}
