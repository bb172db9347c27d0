/** The real runtime on a database and a namespace of its own, with handlers that the test gives. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inject } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig, type Config } from '../../src/core/config/index.ts';
import { randomSlug } from '../../src/core/ids.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createResources } from '../../src/core/resources.ts';
import type { Database } from '../../src/db/index.ts';
import {
  createRunStarter,
  getRun,
  openQueueBackend,
  JOB,
  openStageQueues,
  RUN,
  type Flow,
  type RunOwner,
  type RunStarter,
  type RunView,
  type StageQueues,
} from '../../src/queues/index.ts';
import { createArtifactStore } from '../../src/tracking/index.ts';
import {
  openWorkers,
  type Handlers,
  type RunHandlers,
  type StageServices,
  type Workers,
} from '../../src/workers/index.ts';
import { openTestDatabase } from './databases.ts';
import { idleHandlers } from '../../fixtures/idle-handlers.ts';

export type BackendKind = 'postgres' | 'redis';

export interface Harness {
  database: Database;
  config: Config;
  queues: StageQueues;
  runs: RunStarter;
  services: StageServices;
  redisUrl: string | null;
  openWorkers(handlers?: Partial<RunHandlers>, options?: WorkerChoices): Promise<Workers>;
  getRun(runId: string): Promise<RunView>;
  /** The run once it is no longer active. */
  untilEnded(runId: string): Promise<RunView>;
  close(): Promise<void>;
}

export interface HarnessOverrides {
  /** Fills the database before it is migrated. */
  populate?: Parameters<typeof openTestDatabase>[0];
  /** In place of the flow of runs. */
  runFlow?: Flow<RunOwner>;
  queues?: Partial<Config['queues']>;
  prefix?: string;
  candidates?: string[];
  /** Of every candidate. */
  settings?: Config['pipeline']['candidates'][number]['settings'];
  /** Of every stage. */
  timeoutMs?: number;
  minimumHoldoutRows?: number;
  /** Base model of every training. */
  base?: string;
  approval?: Config['gate']['approval'];
  schedule?: Config['pipeline']['schedule'];
}

interface WorkerChoices {
  stages?: readonly string[];
  handlers?: Handlers;
  concurrency?: number;
  drainMs?: number;
}

/** Intervals in seconds rather than minutes, so that lost jobs come back while the test waits. */
export const QUICK: Partial<Config['queues']> = {
  backoffMs: 20,
  backoffMaxMs: 200,
  lockDurationMs: 1500,
  stalledIntervalMs: 500,
  reconcileIntervalMs: 500,
};

export async function openHarness(kind: BackendKind, overrides: HarnessOverrides = {}): Promise<Harness> {
  const log = createSilentLogger();
  const { runFlow = RUN } = overrides;
  const resources = createResources(log);
  const database = resources.add('database', await openTestDatabase(overrides.populate));
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-pipeline-'));
  resources.defer('folder', () => rm(folder, { recursive: true, force: true }));
  const defaults = loadConfig({ env: {} }).config;
  const config: Config = {
    ...defaults,
    pipeline: {
      ...defaults.pipeline,
      // Midnight must not start a run in the middle of a test.
      schedule: overrides.schedule ?? { ...defaults.pipeline.schedule, enabled: false },
      candidates: (overrides.candidates ?? ['head']).map((name) => ({
        name,
        recipe: 'head',
        seed: 1,
        settings: overrides.settings ?? {},
      })),
    },
    model: { ...defaults.model, base: overrides.base ?? defaults.model.base },
    gate: {
      ...defaults.gate,
      minimumHoldoutRows: overrides.minimumHoldoutRows ?? defaults.gate.minimumHoldoutRows,
      approval: overrides.approval ?? defaults.gate.approval,
    },
    queues: {
      ...defaults.queues,
      timeoutsMs: { ...defaults.queues.timeoutsMs },
      ...QUICK,
      ...overrides.queues,
      prefix: overrides.prefix ?? `test-${randomSlug(8)}`,
    },
    storage: { ...defaults.storage, varDir: folder },
  };
  if (overrides.timeoutMs !== undefined) {
    for (const stage of RUN.names) config.queues.timeoutsMs[stage] = overrides.timeoutMs;
  }
  const redisUrl = kind === 'redis' ? redisOfThisWorker() : null;
  const backend = resources.add(
    'backend',
    await openQueueBackend({ databaseUrl: database.url, redisUrl, prefix: config.queues.prefix, log }),
  );
  const queues = resources.add(
    'queues',
    openStageQueues({ backend, config: config.queues, log, flows: [runFlow, JOB] }),
  );
  const runs = createRunStarter({ database, queues, config, clock: systemClock });
  const services: StageServices = {
    database,
    artifacts: createArtifactStore(config.storage),
    config,
  };
  const get = async (runId: string): Promise<RunView> => await getRun(database.db, runId, runFlow);

  return {
    database,
    config,
    queues,
    runs,
    services,
    redisUrl,
    openWorkers: async (handlers = {}, choices = {}) => {
      const workers = await openWorkers({
        queues,
        runs,
        services,
        log,
        clock: systemClock,
        ...choices,
        handlers: { ...idleHandlers, ...handlers, ...choices.handlers },
      });
      return resources.add('workers', workers);
    },
    getRun: get,
    untilEnded: async (runId) => {
      for (;;) {
        const run = await get(runId);
        if (run.status !== 'active') return run;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    close: () => resources.release(),
  };
}

/**
 * Files run side by side and may empty their Redis: each of vitest's workers takes a numbered database of its
 * own.
 */
function redisOfThisWorker(): string {
  return `${inject('redisUrl')}/${process.env['VITEST_POOL_ID']}`;
}
