/** Composes the server: what every request passes, then one router a capability. */
import type { Context, MiddlewareHandler } from 'hono';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Clock } from '../core/clock.ts';
import type { Config, ConfigLine } from '../core/config/index.ts';
import type { Logger } from '../core/log.ts';
import type { BrandBook, Copywriter } from '../copy/index.ts';
import type { Db, Locks } from '../db/index.ts';
import type { JobStarter, RunStarter, StageQueues } from '../queues/index.ts';
import type { AuditLog } from '../audit/index.ts';
import { createSendRules, createWebhookStore, type TrackingStore } from '../tracking/index.ts';
import {
  createRouter,
  findBasePath,
  handleErrorOf,
  handleNotFoundOf,
  limitBody,
  readUtf8Body,
  refuseNul,
  refuseOtherMethods,
  refuseOtherSites,
  requestLog,
  securityHeaders,
  traceRequests,
  type AppEnv,
  type Router,
  renderMlflowError,
  type ErrorShape,
} from './http/index.ts';
import type { BrandStore, ThreadCounts } from '../serving/index.ts';
import {
  auditChanges,
  createSessions,
  isAdmin,
  limitRate,
  nameCaller,
  needsKeys,
  requireKey,
  requireRole,
  type KeyChecker,
} from './keys/index.ts';
import type { ChangeFeed } from './events/change-feed.ts';
import type { Metrics } from './metrics.ts';
import { createMlflowApp } from './mlflow/index.ts';
import { createPredictor, type PredictionStore } from './predictions/index.ts';
import { JSON_LENGTH_HEADER } from './protocols/binary-tensors.ts';
import { createMlflowScoringRoutes } from './protocols/mlflow.ts';
import { createOpenInferenceRoutes, renderInferenceError } from './protocols/open-inference.ts';
import { createTeiRoutes, renderTeiError } from './protocols/tei.ts';
import { createAdminRoutes, type Diagnosis } from './routes/admin.ts';
import { addApiPage } from './routes/api-page.ts';
import { createAuditRoutes } from './routes/audit.ts';
import { createBrandRoutes } from './routes/brands.ts';
import { createTextCheckRoutes } from './routes/check-texts.ts';
import { createConsoleRoutes } from './routes/console.ts';
import { createCanaryRoutes } from './routes/canary.ts';
import { createDatasetRoutes } from './routes/datasets.ts';
import { createEventRoutes } from './routes/events.ts';
import { createSessionRoutes } from './routes/session.ts';
import { createFeedbackRoutes, FEEDBACK_BATCH_PATH } from './routes/feedback.ts';
import { createGenerateDataRoutes } from './routes/generate-data.ts';
import { createHealthRoutes } from './routes/health.ts';
import { createInfoRoutes } from './routes/info.ts';
import { createKeyRoutes } from './routes/keys.ts';
import { createLearningRoutes } from './routes/learning.ts';
import { createMetricsRoutes } from './routes/metrics.ts';
import { createCatalogueInspectionRoutes, INSPECT_PATH } from './routes/inspect-catalogues.ts';
import { createJobRoutes, UPLOAD_PATH } from './routes/jobs.ts';
import { createLoopRoutes } from './routes/loop.ts';
import { createModelGateRoutes } from './routes/model-gate.ts';
import { createModelRoutes } from './routes/models.ts';
import { createPredictRoutes } from './routes/predict.ts';
import { createPredictionRoutes } from './routes/predictions.ts';
import { createQueueBoard, QUEUE_BOARD_PATH } from './routes/queue-board.ts';
import { createReceiptRoutes } from './routes/receipts.ts';
import { createRunRoutes } from './routes/runs.ts';
import { createScheduleRoutes } from './routes/schedule.ts';
import { createTextRoutes } from './routes/texts.ts';
import { createTrackingRoutes } from './routes/tracking.ts';
import { createTrafficRoutes } from './routes/traffic.ts';
import { createWriterUsageRoutes } from './routes/writer-usage.ts';
import {
  checkLoadable,
  listVersionsOnTrial,
  readAliasesInTraffic,
  SERVED_ALIASES,
  type CanaryKeeper,
  type Explorer,
  type ModelSessions,
  type ServedModels,
  type VersionScorers,
} from '../serving/index.ts';

export interface AppDeps {
  config: Pick<
    Config,
    | 'server'
    | 'outbound'
    | 'webhooks'
    | 'serving'
    | 'copy'
    | 'learning'
    | 'data'
    | 'gate'
    | 'model'
    | 'jobs'
    | 'pipeline'
    | 'tracking'
  >;
  db: Db;
  locks: Locks;
  starter: RunStarter;
  jobs: JobStarter;
  queues: StageQueues['queues'];
  tracking: TrackingStore;
  artifacts: ArtifactStore;
  copywriter: Copywriter;
  brands: { store: BrandStore; book: BrandBook };
  models: ServedModels;
  sessions: ModelSessions;
  predictions: PredictionStore;
  explorer: Explorer;
  scorers: VersionScorers;
  canary: CanaryKeeper;
  metrics: Metrics;
  threads: ThreadCounts;
  checkKey: KeyChecker;
  audit: AuditLog;
  changes: ChangeFeed;
  checkDatabase: () => Promise<void>;
  isDraining: () => boolean;
  /** Aborted when the server leaves: for answers that have no end of their own. */
  leaving: AbortSignal;
  onFeedback: () => void;
  version: string;
  settings: readonly ConfigLine[];
  diagnose: () => Promise<Diagnosis[]>;
  clock: Clock;
  log: Logger;
}

/** Paths whose bodies are read as they come in. */
const STREAMED_PATHS = [UPLOAD_PATH, INSPECT_PATH, FEEDBACK_BATCH_PATH];
/** Paths whose bodies hold many items. */
const BATCH_PATHS = ['/batch_predict', '/invocations', '/tei/', '/v2/'];
/** MLflow's API keeps limits of its own: artifacts may be of any size. */
const MLFLOW_PATHS = ['/api/', '/ajax-api/'];

/** Of what is refused before the routes of a protocol see it. */
function errorShapeOf(path: string): ReturnType<ErrorShape> {
  if (startsWithAny(path, [...MLFLOW_PATHS, '/invocations'])) return renderMlflowError;
  if (path.startsWith('/v2/')) return renderInferenceError;
  return path.startsWith('/tei/') ? renderTeiError : undefined;
}

export function createApp(deps: AppDeps): Router {
  const { config, db, models, sessions, predictions, metrics, version, clock } = deps;
  const { server, serving, copy } = config;
  const app = createRouter();
  app.onError(handleErrorOf(errorShapeOf));
  app.notFound(handleNotFoundOf(app));
  app.use(traceRequests());
  app.use(requestLog({ log: deps.log, metrics }));
  app.use(securityHeaders());
  app.use(findBasePath(server));
  app.use(refuseOtherMethods(app));
  app.use(
    refuseOtherSites({
      allowHosts: hostsToAllow(server),
      trustProxy: server.trustProxy,
    }),
  );
  const accounts = createSessions(db, clock);
  if (needsKeys(server)) app.use(requireKey(deps.checkKey, accounts));
  app.use(auditChanges(deps.audit));
  if (needsKeys(server)) app.use(limitRate(server.requestsPerMinute, clock), requireRole());
  app.use(exceptMlflow(refuseNul()));
  const small = limitBody(server.bodyLimitBytes);
  const large = limitBody(server.batchBodyLimitBytes);
  app.use(
    exceptMlflow((c, next) => {
      // A catalogue is stored as it comes in, and counted there.
      if (STREAMED_PATHS.includes(c.req.path)) return next();
      return (startsWithAny(c.req.path, BATCH_PATHS) ? large : small)(c, next);
    }),
  );
  const isBinary = (c: Context<AppEnv>): boolean =>
    STREAMED_PATHS.includes(c.req.path) || c.req.header(JSON_LENGTH_HEADER) !== undefined;
  app.use(exceptMlflow(readUtf8Body(isBinary)));

  const predictor = createPredictor({
    sessions,
    copywriter: deps.copywriter,
    store: predictions,
    events: metrics,
    explorer: deps.explorer,
    scorers: deps.scorers,
    modelName: config.model.name,
    defaults: copy,
    clock,
  });
  const maxTextChars = server.maxTitleChars + server.maxDescriptionChars + 1;
  const limits = {
    maxTextChars,
    maxItems: server.maxBatchItems,
    timeoutMs: serving.requestTimeoutMs,
    batchTimeoutMs: serving.batchTimeoutMs,
  };

  const { artifacts, tracking } = deps;
  const { registry } = tracking;
  const modelName = config.model.name;
  const callerOf = (c: Context<AppEnv>) => ({ name: nameCaller(c), isAdmin: isAdmin(c) });
  const aliasesInTraffic = async () => await readAliasesInTraffic(db);
  const versionsOnTrial = async () => await listVersionsOnTrial(db, modelName);
  const webhooks = createWebhookStore(db, clock, config.webhooks.secretKey);
  const feedback = { maxTextChars: server.maxDescriptionChars, onFeedback: deps.onFeedback };
  const uploads = { maxUploadBytes: config.jobs.maxUploadBytes, destinations: config.outbound };
  const routers = [
    createPredictRoutes({ predictor, config, channelNames: deps.copywriter.channelNames }),
    createHealthRoutes(deps),
    createInfoRoutes(deps),
    createMetricsRoutes(metrics),
    createSessionRoutes({ ...deps, sessions: accounts, needed: needsKeys(server), server }),
    createAuditRoutes({ db }),
    createBrandRoutes({ ...deps.brands, nameCaller }),
    createWriterUsageRoutes(db),
    createEventRoutes(deps.changes, deps.leaving),
    createDatasetRoutes({ db, artifacts, drift: config.data.drift }),
    createLoopRoutes(db),
    createGenerateDataRoutes(deps),
    createRunRoutes({ ...deps, destinations: config.outbound }),
    createScheduleRoutes({ db, config: config.pipeline.schedule, clock, nameCaller }),
    createJobRoutes({ ...deps, ...uploads }),
    createCatalogueInspectionRoutes({ ...deps, ...uploads }),
    createModelRoutes(registry, (c) => ({
      caller: callerOf(c),
      served: { model: modelName, aliasesInTraffic, versionsOnTrial },
    })),
    createModelGateRoutes({ locks: deps.locks, registry, artifacts }),
    createTrafficRoutes({ db, models, registry, modelName }),
    createTrackingRoutes({ ...deps, remoteUri: config.tracking.uri }),
    createFeedbackRoutes({ ...deps, ...feedback, maxUploadBytes: uploads.maxUploadBytes }),
    createPredictionRoutes({ db, store: predictions }),
    createTextRoutes({ ...deps, ...feedback }),
    createAdminRoutes({ ...deps, webhooks }),
    createTextCheckRoutes(deps),
    createKeyRoutes(db),
    createLearningRoutes({ ...deps, registry }),
    createCanaryRoutes({ ...deps, registry, modelName }, deps.canary, nameCaller),
    createReceiptRoutes(deps),
    createOpenInferenceRoutes({ sessions, models, modelName, limits, version }),
    createTeiRoutes({ sessions, limits }),
    createMlflowScoringRoutes({ sessions, models, limits }),
    createMlflowApp({
      tracking,
      artifacts,
      servedModel: modelName,
      webhooks: { store: webhooks, rules: createSendRules(config), trackedBy: config.tracking.uri },
      callerOf,
      aliasesInTraffic,
      versionsOnTrial,
      checkLoadable: async (version, alias) => {
        if (version.name === modelName && SERVED_ALIASES.some((one) => one === alias))
          await checkLoadable(artifacts, version);
      },
    }),
  ];
  for (const router of routers) app.route('/', router);
  app.route(QUEUE_BOARD_PATH, createQueueBoard(deps.queues));
  addApiPage(app, version);
  app.route('/', createConsoleRoutes());
  return app;
}

/**
 * Names that requests may ask for where no key is asked for, loopback aside; undefined where any will do: a
 * key is needed, or a proxy guards the server and nobody has named its names.
 */
function hostsToAllow(server: Config['server']): readonly string[] | undefined {
  if (needsKeys(server)) return undefined;
  return server.apiKeys === 'auto' || server.allowHosts.length > 0 ? server.allowHosts : undefined;
}

/** MLflow's API limits, reads and refuses bodies in its own words. */
function exceptMlflow(middleware: MiddlewareHandler<AppEnv>): MiddlewareHandler<AppEnv> {
  return (c, next) => (startsWithAny(c.req.path, MLFLOW_PATHS) ? next() : middleware(c, next));
}

function startsWithAny(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path.startsWith(prefix));
}
