/**
 * MLflow's REST protocol on our tracking store and artifact store: `/api/2.0/mlflow/*`, the same below
 * `/ajax-api`, the artifact proxy
 * and the few paths outside. The address space is MLflow's; nothing of ours is added to it.
 */
import { Hono, type Context, type ErrorHandler, type Next } from 'hono';
import { AppError, errorTraits } from '../../core/errors.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { CHAMPION, type TrackingStore } from '../../tracking/index.ts';
import {
  createHangUpSignal,
  describeError,
  limitBody,
  refuseNul,
  renderMlflowError,
  setRetryAfter,
  type AppEnv,
} from '../http/index.ts';
import type { Caller } from '../guard-served.ts';
import { createArtifactProxy } from './artifact-proxy.ts';
import { datasetRoutes } from './datasets.ts';
import { experimentRoutes } from './experiments.ts';
import { loggedModelRoutes } from './logged-models.ts';
import { metricRoutes } from './metrics.ts';
import { modelVersionRoutes } from './model-versions.ts';
import { registeredModelRoutes } from './registered-models.ts';
import type { MlflowRoute, RouteContext } from './route.ts';
import { runRoutes } from './runs.ts';
import { webhookRoutes } from './webhooks.ts';

/** The MLflow whose protocol this is (a PEP 440 version, as clients parse it). */
const MLFLOW_LEVEL = '3.17.2';

/** A dataset's profile may have 16 MiB; files go through the proxy, which has no limit of its own. */
const MAX_JSON_BYTES = 32 * 1024 * 1024;
const JSON_TYPE = { 'Content-Type': 'application/json' };

const ROUTES: readonly MlflowRoute[] = [
  ...experimentRoutes,
  ...runRoutes,
  ...metricRoutes,
  ...datasetRoutes,
  ...registeredModelRoutes,
  ...modelVersionRoutes,
  ...loggedModelRoutes,
  ...webhookRoutes,
];

export interface MlflowAppOptions {
  tracking: TrackingStore;
  artifacts: ArtifactStore;
  /** The registered model that serves: its aliases in traffic are protected. */
  servedModel: string;
  /** `champion` alone when this is left out. */
  aliasesInTraffic?: () => Promise<readonly string[]>;
  /** None when this is left out. */
  versionsOnTrial?: () => Promise<readonly number[]>;
  /** Before an alias is moved; nothing is checked when this is left out. */
  checkLoadable?: RouteContext['checkLoadable'];
  webhooks: RouteContext['webhooks'];
  /**
   * Who asks: for the history of aliases, and whether the champion may be moved. Everyone may, when this is
   * left out.
   */
  callerOf?: (c: Context<AppEnv>) => Caller;
}

export function createMlflowApp(options: MlflowAppOptions): Hono<AppEnv> {
  const {
    tracking,
    artifacts,
    servedModel,
    webhooks,
    aliasesInTraffic = () => Promise.resolve([CHAMPION]),
    versionsOnTrial = () => Promise.resolve([]),
    checkLoadable = () => Promise.resolve(),
    callerOf = () => ({ name: 'local user', isAdmin: true }),
  } = options;
  const contextOf = (c: Context<AppEnv>): RouteContext => ({
    tracking,
    artifacts,
    caller: callerOf(c),
    hangUp: () => createHangUpSignal(c),
    served: { model: servedModel, aliasesInTraffic, versionsOnTrial },
    checkLoadable,
    webhooks,
  });
  const app = new Hono<AppEnv>();
  app.onError(handleError);
  app.use('/api/*', refuseNul());
  app.use('/ajax-api/*', refuseNul());

  const jsonLimit = limitBody(MAX_JSON_BYTES);
  for (const prefix of ['/api/2.0/mlflow', '/ajax-api/2.0/mlflow']) {
    for (const { methods, path, answer } of ROUTES) {
      app.on([...methods], `${prefix}/${path}`, jsonLimit, async (c) => {
        const answered = await answer(c, contextOf(c));
        return typeof answered === 'string' ? c.body(answered, 200, JSON_TYPE) : c.json(answered);
      });
    }
  }

  const proxy = createArtifactProxy({ tracking, artifacts, contextOf });
  for (const prefix of ['/api/2.0/mlflow-artifacts', '/ajax-api/2.0/mlflow-artifacts']) {
    app.get(`${prefix}/artifacts`, proxy.list);
    app.get(`${prefix}/artifacts/*`, proxy.download);
    app.put(`${prefix}/artifacts/*`, proxy.upload);
    app.delete(`${prefix}/artifacts/*`, proxy.remove);
    app.all(`${prefix}/*`, refuseParts);
  }
  app.get('/get-artifact', proxy.downloadOfRun);
  app.get('/ajax-api/2.0/mlflow/get-artifact', proxy.downloadOfRun);
  app.get('/model-versions/get-artifact', proxy.downloadOfVersion);
  app.get('/ajax-api/2.0/mlflow/logged-models/:model_id/artifacts/files', proxy.downloadOfModel);
  app.post('/ajax-api/2.0/mlflow/upload-artifact', proxy.uploadOfRun);

  app.get('/version', (c) => c.text(MLFLOW_LEVEL));
  for (const prefix of ['/api', '/ajax-api'])
    app.get(`${prefix}/3.0/mlflow/server-info`, (c) => c.json(SERVER_INFO));
  for (const prefix of ['/api', '/ajax-api'])
    app.all(`${prefix}/:version{[23].0}/mlflow/*`, (c) => {
      throw new AppError('not-found', `copyloop does not serve MLflow's ${c.req.method} ${c.req.path}`, {
        details: { mlflow: 'ENDPOINT_NOT_FOUND' },
      });
    });
  return app;
}

const SERVER_INFO = {
  store_type: 'SqlStore',
  workspaces_enabled: false,
  trace_archival_enabled: false,
  multipart_uploads_enabled: false,
  multipart_downloads_enabled: false,
  presigned_upload_run_id_supported: false,
  presigned_upload_model_id_supported: false,
  features_enabled: { gateway: false },
};

async function refuseParts(c: Context<AppEnv>, next: Next): Promise<void> {
  // Another method on an artifact is no part of an upload: 405, as everywhere.
  if (c.req.path.includes('/mlflow-artifacts/artifacts')) return await next();
  throw new AppError(
    'unsupported',
    `copyloop takes an artifact of any size as one PUT; ${c.req.method} ${c.req.path} (multipart, presigned) is not served`,
  );
}

/** MLflow's body, and its status where it differs from ours: what exists already is 400 there. */
const handleError: ErrorHandler<AppEnv> = function handleError(thrown, c) {
  const error = describeError(thrown);
  const traits = errorTraits(error.code);
  const status = error.code === 'already-exists' ? 400 : traits.httpStatus;
  const log = c.get('log') as AppEnv['Variables']['log'] | undefined;
  if (status === 500) log?.error({ err: error, requestId: c.get('requestId') }, 'an MLflow request failed');
  else log?.debug({ err: error, requestId: c.get('requestId') }, 'an MLflow request was refused');
  setRetryAfter(c, error);
  return c.json(renderMlflowError(error), status as 400);
};
