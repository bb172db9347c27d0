/** The HTTP server: opens what it stands on, in order, and drains in the reverse one. */
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { sql } from 'kysely';
import type { Server as HttpServer } from 'node:http';
import { openAuditLog } from '../audit/index.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { SECOND_MS, withDeadline, type Clock } from '../core/clock.ts';
import { listConfig, type Config, type LoadedConfig } from '../core/config/index.ts';
import { AppError, toError } from '../core/errors.ts';
import { httpOrigin } from '../core/http-origin.ts';
import { createLogHealth, type Logger } from '../core/log.ts';
import type { LogHealth } from '../core/log-destination.ts';
import { readPackageVersion } from '../core/paths.ts';
import { createResources, RELEASE_MS } from '../core/resources.ts';
import { createBrandBook } from '../copy/index.ts';
import type { Database } from '../db/index.ts';
import type { JobStarter, RunStarter, StageQueues } from '../queues/index.ts';
import {
  chooseThreadCounts,
  createBrandStore,
  createModelSessions,
  createScoreCache,
  createServedModels,
  createTokenizers,
  followRegistry,
  loadModel,
  openBudgetedCopywriter,
  openCanaryKeeper,
  openExplorer,
  openModelCache,
  openVersionScorers,
  readTraffic,
  TRAFFIC_CHANNEL,
  type LoadedModel,
  type ModelCache,
  type ServedModels,
  type Tokenizers,
} from '../serving/index.ts';
import { ALIAS_CHANNEL, type TrackingStore } from '../tracking/index.ts';
import type { Diagnosis } from './routes/admin.ts';
import { createApp } from './app.ts';
import { createDrain, type Drain } from './drain.ts';
import { openChangeFeed } from './events/change-feed.ts';
import { openRetrainTrigger } from './feedback/retrain-trigger.ts';

import { answerUnparsed } from './http/index.ts';
import { createKeyChecker, needsKeys } from './keys/index.ts';
import { addLogMetrics, createMetrics } from './metrics.ts';
import { addStateMetrics } from './state-metrics.ts';
import { openPredictionStore } from './predictions/index.ts';

export interface ServerOptions {
  config: Config;
  log: Logger;
  /** Of the destination of `log`, for the metrics. */
  logHealth?: LogHealth;
  database: Database;
  artifacts: ArtifactStore;
  tracking: TrackingStore;
  queues: StageQueues;
  runs: RunStarter;
  jobs: JobStarter;
  /** Where each setting of `config` came from; all are taken for defaults where it is left out. */
  origins?: LoadedConfig['origins'];
  /** What `copyloop doctor` finds here; default: nothing is looked at. */
  diagnose?: () => Promise<Diagnosis[]>;
  clock: Clock;
}

export interface Server {
  /** `http://127.0.0.1:8080`, with the port that was bound. */
  readonly url: string;
  /** Method and pattern of everything that it answers, `GET /models/:name/versions`. */
  readonly routes: readonly string[];
  /**
   * Answers what was asked (for at most `server.shutdownGraceMs`), then stops the sessions. What `options`
   * brought stays open.
   */
  close(): Promise<void>;
  /** The stack of what it opened bounds each piece of it. */
  readonly closesWithinMs: number;
}

const DATABASE_CHECK_MS = 2000;
/** A request's headers may take so long to come in. */
const HEADERS_MS = 60 * SECOND_MS;
/** That readers may ask for by their numbers, beside what serves: two people compare two each. */
const MOST_VERSIONS = 4;

/** @throws AppError `unavailable` when the port cannot be bound */
export async function openServer(options: ServerOptions): Promise<Server> {
  const { config, log, database, clock } = options;
  const { serving, server } = config;
  const resources = createResources(log);
  try {
    const threads = chooseThreadCounts(serving);
    const cache = resources.add(
      'model cache',
      await openModelCache({ artifacts: options.artifacts, varDir: config.storage.varDir }),
    );
    const tokenizers = createTokenizers();
    let models: ServedModels | undefined = undefined as ServedModels | undefined;
    const metrics = createMetrics(() => models);
    const startedAt = clock.now();
    addStateMetrics(
      metrics.registry,
      () => ({ db: database.db, queues: options.queues.queues, config, clock, startedAt }),
      log,
    );
    addLogMetrics(metrics.registry, options.logHealth ?? createLogHealth());
    const { registry } = options.tracking;
    const served = createServedModels({
      source: {
        resolveAlias: async (alias) => {
          const version = await registry.findAlias(config.model.name, alias);
          return version === undefined ? undefined : { name: version.name, version: version.version };
        },
        readTraffic: () => readTraffic(database.db),
      },
      load: async (ref) => {
        const { filesUri } = await registry.getVersion(ref.name, ref.version);
        return await loadFromCache({ cache, tokenizers }, filesUri, {
          ref,
          settings: {
            precision: serving.precision,
            threads,
            maxLength: serving.maxLength,
            limits: {
              maxBatchTokens: serving.maxBatchTokens,
              maxQueueTokens: serving.maxQueueTokens,
            },
          },
          events: metrics.scorerEvents(ref.version),
          log,
        });
      },
      events: metrics.servedModelsEvents,
      clock,
      log,
    });
    models = resources.add('served models', served);
    const sessions = createModelSessions({
      models,
      cache: createScoreCache(serving.cacheEntries),
      events: metrics,
    });
    const predictions = resources.add(
      'prediction store',
      openPredictionStore({
        db: database.db,
        sampleRate: serving.predictionSampleRate,
        retentionDays: serving.predictionRetentionDays,
        unwrittenFolder: path.resolve(config.storage.varDir, 'predictions'),
        onStored: (result, count) => metrics.stored(result, count),
        clock,
        log,
      }),
    );
    const explorer = resources.add(
      'explorer',
      openExplorer({
        db: database.db,
        floor: config.copy.explorationFloor,
        reward: config.learning.reward,
        isDefault: config.copy.policy === 'explore',
        log,
      }),
    );
    // Opens nothing before a version is judged, or asked for by its number.
    const scorers = resources.add(
      'version scorers',
      openVersionScorers({
        registry,
        artifacts: options.artifacts,
        config,
        log,
        mostVersions: MOST_VERSIONS,
      }),
    );
    const canary = resources.add(
      'canary keeper',
      openCanaryKeeper({
        db: database.db,
        locks: database.locks,
        registry,
        modelName: config.model.name,
        clock,
        log,
      }),
    );
    const retrain = resources.add(
      'retrain trigger',
      openRetrainTrigger({ db: database.db, starter: options.runs, config, clock, log }),
    );
    const brandStore = createBrandStore(database.db);
    const brandBook = createBrandBook(brandStore, clock);
    const copywriter = resources.add(
      'copywriter',
      openBudgetedCopywriter({ config, db: database.db, log, brands: brandBook }),
    );
    const changes = resources.add('change feed', await openChangeFeed({ url: database.url, log }));
    const audit = resources.add('audit log', openAuditLog({ db: database.db, clock, log }));
    let draining: Drain | undefined = undefined as Drain | undefined;
    const leaving = new AbortController();
    const app = createApp({
      config,
      db: database.db,
      locks: database.locks,
      starter: options.runs,
      jobs: options.jobs,
      queues: options.queues.queues,
      tracking: options.tracking,
      artifacts: options.artifacts,
      copywriter,
      brands: { store: brandStore, book: brandBook },
      models,
      sessions,
      predictions,
      explorer,
      scorers,
      canary,
      metrics,
      threads,
      checkKey: createKeyChecker(database.db, clock),
      audit,
      changes,
      checkDatabase: () => checkDatabase(database),
      isDraining: () => draining?.isDraining ?? false,
      leaving: leaving.signal,
      onFeedback: () => void retrain.check(),
      version: readPackageVersion(),
      settings: listConfig({ config, origins: options.origins ?? new Map() }),
      diagnose: options.diagnose ?? (() => Promise.resolve([])),
      clock,
      log,
    });
    resources.add(
      'registry follower',
      await followRegistry({
        models,
        databaseUrl: database.url,
        channels: [ALIAS_CHANNEL, TRAFFIC_CHANNEL],
        pollMs: serving.reloadPollMs,
        log,
      }),
    );
    const http = createAdaptorServer({ fetch: app.fetch }) as HttpServer;
    answerUnparsed(http);
    http.keepAliveTimeout = server.keepAliveMs;
    // Node counts it from the start of an idle connection: sooner, and it would cut one that the balancer
    // just took up again.
    http.headersTimeout = server.keepAliveMs + HEADERS_MS;
    draining = createDrain(http, {
      delayMs: server.drainDelayMs,
      graceMs: server.shutdownGraceMs,
      onClosed: () => leaving.abort(),
      log,
    });
    const url = await listen(http, server);
    const drainMs = server.drainDelayMs + server.shutdownGraceMs + RELEASE_MS;
    resources.defer('http server', draining.run, drainMs);
    log.info({ url, keys: needsKeys(server), ...threads }, 'the server listens');
    // Hono lists middleware among the routes, as ALL.
    const routes = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path: pattern }) => `${method} ${pattern}`);
    return { url, routes: [...new Set(routes)], closesWithinMs: Infinity, close: () => resources.release() };
  } catch (thrown) {
    await resources.release();
    throw thrown;
  }
}

/** The files stay as long as the model: a thread that died opens them again. */
async function loadFromCache(
  { cache, tokenizers }: { cache: ModelCache; tokenizers: Tokenizers },
  source: string,
  options: Omit<Parameters<typeof loadModel>[0], 'modelDirectory' | 'tokenizer'>,
): Promise<LoadedModel> {
  const modelDirectory = await cache.fetch(options.ref, source);
  try {
    const tokenizer = await tokenizers.open(modelDirectory);
    const model = await loadModel({ ...options, modelDirectory, tokenizer });
    return {
      ...model,
      unload: async () => {
        await model.unload();
        await cache.drop(modelDirectory);
      },
    };
  } catch (thrown) {
    await cache.drop(modelDirectory);
    throw thrown;
  }
}

async function listen(http: HttpServer, { host, port }: Config['server']): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'EADDRINUSE' ? 'another program listens there' : cause.message;
      reject(
        new AppError(
          'unavailable',
          `cannot listen on ${host}:${port}: ${reason}; choose another with --port or PORT`,
          { cause },
        ),
      );
    });
    http.listen(port, host, () => resolve());
  });
  const { port: bound } = http.address() as AddressInfo;
  return httpOrigin(host, bound);
}

/** @throws AppError `unavailable` when PostgreSQL does not answer in time */
async function checkDatabase({ db }: Database): Promise<void> {
  const late = `not within ${DATABASE_CHECK_MS / 1000} seconds`;
  await withDeadline(sql`SELECT 1`.execute(db), DATABASE_CHECK_MS, late).catch((cause: unknown) => {
    throw new AppError('unavailable', `PostgreSQL does not answer: ${toError(cause).message}`, { cause });
  });
}
