/** A real server on a database, queues, artifacts and models of its own. */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig, type Config } from '../../src/core/config/index.ts';
import { randomSlug } from '../../src/core/ids.ts';
import { createSilentLogger, type Logger } from '../../src/core/log.ts';
import { createResources } from '../../src/core/resources.ts';
import type { Database } from '../../src/db/index.ts';
import {
  createJobStarter,
  createRunStarter,
  getRun,
  openQueueBackend,
  openStageQueues,
  type RunStarter,
  type RunView,
} from '../../src/queues/index.ts';
import { createBrandBook, openCopywriter } from '../../src/copy/index.ts';
import { openServer, type Server } from '../../src/server/index.ts';
import { createBrandStore, openVersionScorers } from '../../src/serving/index.ts';
import { createTracking, type TrackingStore } from '../../src/tracking/index.ts';
import {
  createRunHandlers,
  createJobHandlers,
  openWorkers,
  type RunHandlers,
} from '../../src/workers/index.ts';

export interface ServerHarness {
  database: Database;
  tracking: TrackingStore;
  artifacts: ArtifactStore;
  config: Config;
  runs: RunStarter;
  /** Starts workers for all stages, some of them with handlers of the test's. */
  openWorkers(change?: (real: RunHandlers) => Partial<RunHandlers>): Promise<void>;
  /** Works on prediction jobs alone. */
  openJobWorkers(): Promise<void>;
  getRun(runId: string): Promise<RunView>;
  /** Starts a server; several may stand on one harness. */
  openServer(): Promise<Server>;
  /** Stores the directory's files as a new version of the registered model and gives its number. */
  register(modelDirectory: string): Promise<number>;
  setAlias(alias: 'champion' | 'challenger', version: number): Promise<void>;
  close(): Promise<void>;
}

export interface ServerOverrides {
  /** In place of a database of its own on the suite's PostgreSQL, for scripts, which have no suite. */
  openDatabase?: () => Promise<Database>;
  /** In place of one that says nothing. */
  log?: Logger;
  server?: Partial<Config['server']>;
  serving?: Partial<Config['serving']>;
  feedback?: Partial<Config['feedback']>;
  data?: Partial<Config['data']>;
  model?: Partial<Config['model']>;
  pipeline?: Partial<Config['pipeline']>;
  queues?: Partial<Config['queues']>;
  tracking?: Partial<Config['tracking']>;
  copy?: Partial<Config['copy']>;
}

const MODEL_NAME = 'copy-quality';

/** A harness with a tiny model as champion, made in `folder`, and a server on it. */
export async function openServingHarness(
  folder: string,
  overrides: ServerOverrides = {},
): Promise<{ harness: ServerHarness; server: Server }> {
  const makeModels =
    overrides.openDatabase === undefined
      ? (await import('./shared-models.ts')).copyTinyModels
      : (await import('../../fixtures/tiny-models.ts')).trainTinyModels;
  const [model = ''] = await makeModels(folder, ['first']);
  const harness = await openServerHarness(overrides);
  await harness.setAlias('champion', await harness.register(model));
  return { harness, server: await harness.openServer() };
}

export async function openServerHarness(overrides: ServerOverrides = {}): Promise<ServerHarness> {
  const log = overrides.log ?? createSilentLogger();
  const resources = createResources(log);
  const openOwn = overrides.openDatabase ?? (await import('./databases.ts')).openTestDatabase;
  const database = resources.add('database', await openOwn());
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-server-'));
  resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
  const defaults = loadConfig({ env: {} }).config;
  const config: Config = {
    ...defaults,
    server: { ...defaults.server, port: 0, ...overrides.server },
    serving: { ...defaults.serving, reloadPollMs: 200, ...overrides.serving },
    feedback: { ...defaults.feedback, ...overrides.feedback },
    data: { ...defaults.data, ...overrides.data },
    model: { ...defaults.model, ...overrides.model },
    pipeline: { ...defaults.pipeline, ...overrides.pipeline },
    tracking: { ...defaults.tracking, ...overrides.tracking },
    copy: { ...defaults.copy, ...overrides.copy },
    queues: { ...defaults.queues, ...overrides.queues, prefix: `test-${randomSlug(8)}` },
    storage: { ...defaults.storage, varDir: folder },
  };
  const backend = resources.add(
    'backend',
    await openQueueBackend({ databaseUrl: database.url, redisUrl: null, prefix: config.queues.prefix, log }),
  );
  const queues = resources.add('queues', openStageQueues({ backend, config: config.queues, log }));
  const runs = createRunStarter({ database, queues, config, clock: systemClock });
  const { tracking, artifacts } = createTracking(config, database.db);
  const jobs = createJobStarter({
    database,
    queues,
    artifacts,
    registry: tracking.registry,
    config,
    clock: systemClock,
    log,
  });
  await tracking.registry.createModel({ name: MODEL_NAME });

  return {
    database,
    tracking,
    artifacts,
    config,
    runs,
    openWorkers: async (change) => {
      const handlers = createRunHandlers({ tracking });
      const workers = await openWorkers({
        queues,
        runs,
        services: { database, artifacts, config },
        handlers: { ...handlers, ...change?.(handlers) },
        log,
        clock: systemClock,
      });
      resources.add('workers', workers);
    },
    openJobWorkers: async () => {
      const scores = openVersionScorers({ registry: tracking.registry, artifacts, config, log });
      resources.add('scorers', scores);
      const workers = await openWorkers({
        queues,
        runs,
        services: { database, artifacts, config },
        handlers: createJobHandlers({
          scores,
          copywriter: openCopywriter(config.copy, {
            brands: createBrandBook(createBrandStore(database.db), systemClock),
          }),
        }),
        log,
        clock: systemClock,
      });
      resources.add('job workers', workers);
    },
    getRun: (runId) => getRun(database.db, runId),
    openServer: async () =>
      resources.add(
        'server',
        await openServer({
          config,
          log,
          database,
          artifacts,
          tracking,
          queues,
          runs,
          jobs,
          clock: systemClock,
        }),
      ),
    register: async (modelDirectory) => {
      const id = randomSlug(12);
      const staged = path.join(folder, 'staged', id);
      await cp(modelDirectory, staged, { recursive: true });
      for (const entry of await readdir(staged, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const file = path.join(entry.parentPath, entry.name);
        await artifacts.putFile(`mlflow/0/${id}/artifacts/model/${path.relative(staged, file)}`, file);
      }
      const version = await tracking.registry.createVersion({
        name: MODEL_NAME,
        source: `mlflow-artifacts:/0/${id}/artifacts/model`,
      });
      return version.version;
    },
    setAlias: (alias, version) =>
      tracking.registry.setAlias(MODEL_NAME, alias, version, { movedBy: 'test', reason: 'the test says so' }),
    close: () => resources.release(),
  };
}

export async function postJson(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: JSON.parse(text) as Record<string, unknown>,
    headers: response.headers,
  };
}
