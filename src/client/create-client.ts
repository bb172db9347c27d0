/** copyloop's own API, typed by what the server says of it in /openapi.json (`api.ts`, generated). */
import type { Answer, Body, Call, Query } from './api-types.ts';
import { createCaller, type Caller, type CallOptions, type ClientOptions, type Method } from './caller.ts';
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
  const call = createCall(caller);
  const getRun = async (id: string, rest?: CallOptions): Promise<PipelineRun> =>
    (await call('GET /runs/{id}', { path: { id }, ...rest })).run;
  type Reason = Body<'POST /models/{name}/aliases/{alias}/rollback'>;

  return {
    /** Any operation by its method and path: `call('POST /runs/{id}/replay', { path: { id } })`. */
    call,
    /** Copy for one product. Asked again where the server was too busy: it had done nothing yet. */
    predict: async (body: PredictRequest, rest?: CallOptions) =>
      await call('POST /predict', { body, ...rest, isRepeatable: true }),
    /** Copy for many products, in their order; waits ten minutes when no `timeoutMs` is given. */
    batchPredict: async (body: BatchPredictRequest, rest?: CallOptions) =>
      await call('POST /batch_predict', { body, timeoutMs: BATCH_TIMEOUT_MS, ...rest, isRepeatable: true }),
    /** Asked again only where the request has an `idempotency_key`, under which the server keeps it once. */
    feedback: async (body: FeedbackRequest, rest?: CallOptions) =>
      await call('POST /feedback', { body, ...rest, isRepeatable: body.idempotency_key !== undefined }),
    /** From a prediction back to its version, training, dataset and gate report. */
    receipt: async (id: string, rest?: CallOptions) =>
      await call('GET /predictions/{id}/receipt', { path: { id }, ...rest }),
    health: async (rest?: CallOptions) => await call('GET /health', rest),
    /** @throws ApiError `not-ready` while there is no champion */
    ready: async (rest?: CallOptions) => await call('GET /ready', rest),
    info: async (rest?: CallOptions) => await call('GET /info', rest),
    traffic: {
      get: async (rest?: CallOptions) => await call('GET /serving/traffic', rest),
      set: async (body: Body<'PUT /serving/traffic'>, rest?: CallOptions) =>
        await call('PUT /serving/traffic', { body, ...rest }),
    },
    /** Pipeline runs. */
    runs: {
      /** @returns the new run's id; throws `conflict` while another run is active */
      start: async (body: RunRequest = {}, rest?: CallOptions): Promise<string> =>
        (await call('POST /runs', { body, ...rest })).run_id,
      list: async (query: Query<'GET /runs'> = {}, rest?: CallOptions): Promise<PipelineRunSummary[]> =>
        (await call('GET /runs', { query, ...rest })).runs,
      get: getRun,
      /** The run each time that it changed, until it has ended. */
      follow: (id: string, rest: FollowOptions = {}): AsyncGenerator<PipelineRun> =>
        followUntilEnded((signal) => getRun(id, { signal }), rest),
      cancel: async (id: string, rest?: CallOptions): Promise<void> => {
        await call('POST /runs/{id}/cancel', { path: { id }, ...rest });
      },
      /** @returns the id of the new run */
      replay: async (
        id: string,
        rest?: CallOptions,
        body?: Body<'POST /runs/{id}/replay'>,
      ): Promise<string> => (await call('POST /runs/{id}/replay', { path: { id }, body, ...rest })).run_id,
    },
    models: {
      list: async (rest?: CallOptions): Promise<ModelSummary[]> => (await call('GET /models', rest)).models,
      versions: async (name: string, rest?: CallOptions): Promise<ModelVersion[]> =>
        (await call('GET /models/{name}/versions', { path: { name }, ...rest })).versions,
      /** Where the alias has pointed, newest first. */
      history: async (name: string, alias = 'champion', rest?: CallOptions): Promise<AliasMove[]> =>
        (await call('GET /models/{name}/aliases/{alias}/history', { path: { name, alias }, ...rest }))
          .history,
      /**
       * Moves the alias back; the reason is kept in its history. @returns the version that it points at now
       */
      rollback: async (
        name: string,
        alias: string,
        body: Reason,
        rest?: CallOptions,
      ): Promise<ModelVersion> =>
        (await call('POST /models/{name}/aliases/{alias}/rollback', { path: { name, alias }, body, ...rest }))
          .version,
      /** Makes a version that has won the gate, and waits for a person, the champion. */
      approve: async (
        name: string,
        version: number,
        body: Reason,
        rest?: CallOptions,
      ): Promise<ModelVersion> =>
        (
          await call('POST /models/{name}/versions/{version}/approve', {
            path: { name, version },
            body,
            ...rest,
          })
        ).version,
      /** Leaves the champion where it is. @returns the version as it stands now */
      reject: async (
        name: string,
        version: number,
        body: Reason,
        rest?: CallOptions,
      ): Promise<ModelVersion> =>
        (
          await call('POST /models/{name}/versions/{version}/reject', {
            path: { name, version },
            body,
            ...rest,
          })
        ).version,
      /** What the gate found. @throws ApiError `not-found` for a version that came from no run */
      gateReport: async (name: string, version: number, rest?: CallOptions): Promise<GateReport> =>
        (await call('GET /models/{name}/versions/{version}/gate', { path: { name, version }, ...rest })).gate,
      /** From a version back to its training, dataset and gate report. */
      receipt: async (name: string, version: number, rest?: CallOptions): Promise<Receipt> =>
        (await call('GET /models/{name}/versions/{version}/receipt', { path: { name, version }, ...rest }))
          .receipt,
    },
    /** Prediction jobs: whole catalogues. */
    jobs: createJobsClient(caller),
    /** Experiments, tracking runs, the registry and artifacts over MLflow's protocol. */
    mlflow: createMlflowClient(caller),
  };
}

function createCall(caller: Caller): Call {
  return async (operation, ...[parts]) => {
    const { path, query, body, ...rest } = (parts ?? {}) as {
      path?: Record<string, string | number>;
      query?: Record<string, string | number | undefined>;
      body?: unknown;
    } & CallOptions;
    const [method = 'GET', pattern = ''] = operation.split(' ');
    const address = pattern.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(String(path?.[name])),
    );
    const json = body ?? (method === 'POST' ? {} : undefined);
    const response = await caller.send(method as Method, address, { ...rest, query, json });
    // A proxy may drop the type; what has no content has none.
    const type = response.headers.get('content-type') ?? (response.status === 204 ? '' : 'json');
    const answer: unknown = type.includes('json') ? await response.json() : await response.body?.cancel();
    return answer as Answer<typeof operation>;
  };
}
