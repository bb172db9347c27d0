/**
 * Our server as it stands in production (database, stored predictions, access log), alone in a process.
 *
 *     argv: JSON {modelDirectory, precision, varDir, sessions, threadsPerSession}; prints its URL; ends on
 *     SIGTERM
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { loadConfig, readTraceSettings } from '../../src/core/config/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createLogger } from '../../src/core/log.ts';
import { createResources } from '../../src/core/resources.ts';
import { openTracing } from '../../src/core/trace.ts';
import { openDatabase } from '../../src/db/index.ts';
import {
  createJobStarter,
  createRunStarter,
  openQueueBackend,
  openStageQueues,
} from '../../src/queues/index.ts';
import { openServer } from '../../src/server/index.ts';
import { createArtifactStore, createPostgresTrackingStore, registerModel } from '../../src/tracking/index.ts';

export interface OurServerOptions {
  modelDirectory: string;
  precision: 'fp32' | 'int8';
  varDir: string;
  sessions: number;
  threadsPerSession: number;
  maxQueueTokens?: number;
  /** Registered as the versions from 2 on; the first is champion. */
  otherModels?: string[];
}

const options = JSON.parse(process.argv[2] ?? '{}') as OurServerOptions;
const { config } = loadConfig({
  env: {},
  overrides: {
    'storage.varDir': options.varDir,
    'server.port': 0,
    'serving.cacheEntries': 0,
    'serving.precision': options.precision,
    'serving.threads': options.sessions,
    'serving.threadsPerSession': options.threadsPerSession,
    ...(options.maxQueueTokens && { 'serving.maxQueueTokens': options.maxQueueTokens }),
  },
});
const log = createLogger({ level: 'info', destination: path.join(options.varDir, 'server.log') });
const resources = createResources(log);
resources.add('tracing', await openTracing(readTraceSettings(), 'server'));
const database = resources.add(
  'database',
  await openDatabase({ databaseUrl: null, varDir: options.varDir, poolSize: config.storage.poolSize, log }),
);
const backend = resources.add(
  'queue backend',
  await openQueueBackend({ databaseUrl: database.url, redisUrl: null, prefix: config.queues.prefix, log }),
);
const queues = resources.add('queues', openStageQueues({ backend, config: config.queues, log }));
const runs = createRunStarter({ database, queues, config, clock: systemClock });
const artifacts = createArtifactStore(config.storage);
const tracking = createPostgresTrackingStore(database.db);
const jobs = createJobStarter({
  database,
  queues,
  artifacts,
  registry: tracking.registry,
  config,
  clock: systemClock,
  log,
});

const { name } = config.model;
for (const [index, directory] of [options.modelDirectory, ...(options.otherModels ?? [])].entries()) {
  const folder = `bench/model-${index + 1}`;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    await artifacts.putFile(`mlflow/${folder}/${path.relative(directory, file)}`, file);
  }
  await registerModel(tracking, { name, source: `mlflow-artifacts:/${folder}`, accuracy: 0 });
}
await tracking.registry.setAlias(name, 'champion', 1, { movedBy: 'bench', reason: 'bench' });

const server = resources.add(
  'server',
  await openServer({ config, log, database, artifacts, tracking, queues, runs, jobs, clock: systemClock }),
);
const ready = await fetch(`${server.url}/ready`);
if (!ready.ok) throw new Error(`the server is not ready: ${await ready.text()}`);
process.once('SIGTERM', () => void resources.release());
process.stdout.write(`${server.url}\n`);
