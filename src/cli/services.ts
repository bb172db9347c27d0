/**
 * What commands work with, opened in order on one resource stack: logger, database, artifacts, tracking,
 * queues.
 */
import { userInfo } from 'node:os';
import path from 'node:path';
import { appendAudit } from '../audit/index.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { systemClock } from '../core/clock.ts';
import { loadConfig, readTraceSettings, type Config, type LoadedConfig } from '../core/config/index.ts';
import { createLogger, createLogHealth, type Logger } from '../core/log.ts';
import { openRotatingFile, type LogHealth } from '../core/log-destination.ts';
import { withResources, type Resources } from '../core/resources.ts';
import { openTracing } from '../core/trace.ts';
import { makeVarDir } from '../core/var-dir.ts';
import { openDatabase, type Database } from '../db/index.ts';
import {
  createJobStarter,
  createRunStarter,
  openQueueBackend,
  openStageQueues,
  type JobStarter,
  type RunStarter,
  type StageQueues,
} from '../queues/index.ts';
import { createTracking, type TrackingStore } from '../tracking/index.ts';

export interface Services {
  config: Config;
  log: Logger;
  logHealth: LogHealth;
  resources: Resources;
  database: Database;
  artifacts: ArtifactStore;
  tracking: TrackingStore;
  /** For the audit log, once it is done: `keys revoke`, the key's id. */
  noteChange(action: string, object: string, details?: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface QueueServices {
  queues: StageQueues;
  runs: RunStarter;
  jobs: JobStarter;
}

export interface SharedOptions {
  config?: string | undefined;
  var?: string | undefined;
}

/** The configuration in force for a command; `overrides` are settings given as options. */
export function readConfig(
  options: SharedOptions,
  overrides: Readonly<Record<string, unknown>> = {},
): LoadedConfig {
  return loadConfig({ file: options.config, overrides: { 'storage.varDir': options.var, ...overrides } });
}

/**
 * Opens the services for `body` and releases everything after it, whether it returns or throws.
 * Commands log to `<varDir>/logs/<role>.<date>.<n>.log`; long-running ones may log to standard error.
 */
export async function withServices<T>(
  config: Config,
  setup: { role: string; logTo?: 'file' | 'stderr'; migrate?: 'later' },
  body: (services: Services) => Promise<T>,
): Promise<T> {
  await makeVarDir(config.storage.varDir);
  const logHealth = createLogHealth();
  const log = await openLog(config, setup.role, setup.logTo ?? 'file', logHealth);
  return await withResources(log, async (resources) => {
    resources.add('tracing', await openTracing(readTraceSettings(), setup.role));
    const { databaseUrl, varDir, poolSize, statementTimeoutMs } = config.storage;
    const migrate = setup.migrate ?? config.storage.migrate;
    const database = resources.add(
      'database',
      await openDatabase({ databaseUrl, varDir, poolSize, statementTimeoutMs, migrate, log }),
    );
    return await body({
      config,
      log,
      logHealth,
      resources,
      database,
      ...createTracking(config, database.db),
      noteChange: (action, object, details) =>
        appendAudit(database.db, systemClock, [
          { action, object, details, actor: nameCliUser(), outcome: 'done' },
        ]),
    });
  });
}

/** Who moves aliases from the command line, for their history. */
export function nameCliUser(): string {
  return `${userInfo().username} (command line)`;
}

/** The queues on top of the services; released with them. */
export async function openQueues({
  config,
  log,
  resources,
  database,
  artifacts,
  tracking,
}: Services): Promise<QueueServices> {
  const backend = resources.add(
    'queue backend',
    await openQueueBackend({
      databaseUrl: database.url,
      redisUrl: config.storage.redisUrl,
      migrate: config.storage.migrate,
      prefix: config.queues.prefix,
      log,
    }),
  );
  const queues = resources.add('queues', openStageQueues({ backend, config: config.queues, log }));
  const shared = { database, queues, config, clock: systemClock };
  return {
    queues,
    runs: createRunStarter(shared),
    jobs: createJobStarter({ ...shared, artifacts, registry: tracking.registry, log }),
  };
}

async function openLog(
  { storage, logging }: Config,
  role: string,
  logTo: 'file' | 'stderr',
  health: LogHealth,
): Promise<Logger> {
  const { level, format, ...files } = logging;
  const folder = path.resolve(storage.varDir, 'logs');
  const destination = logTo === 'stderr' ? 2 : await openRotatingFile({ folder, role, ...files }, health);
  return createLogger({ level, format, base: { role }, destination, health });
}
