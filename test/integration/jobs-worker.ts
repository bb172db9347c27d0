/**
 * A worker process of prediction jobs that tests start and kill. In the shard named by `hangIn` it predicts
 * everything, says so, and does not return: killed there, it has scored all rows and left no result. argv[2]:
 * JSON of JobsWorkerSettings.
 */
import { MINUTE_MS, sleep, systemClock } from '../../src/core/clock.ts';
import type { Config } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createBrandBook, openCopywriter } from '../../src/copy/index.ts';
import { openDatabase } from '../../src/db/index.ts';
import { createRunStarter, openQueueBackend, openStageQueues } from '../../src/queues/index.ts';
import { createBrandStore, openVersionScorers } from '../../src/serving/index.ts';
import { createArtifactStore, createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { createJobHandlers, openWorkers, type JobHandlers } from '../../src/workers/index.ts';

export interface JobsWorkerSettings {
  config: Config;
  databaseUrl: string;
  redisUrl: string | null;
  hangIn: number | null;
}

const HANG_MS = 10 * MINUTE_MS;

const settings = JSON.parse(process.argv[2] ?? '') as JobsWorkerSettings;
const { config, databaseUrl, redisUrl } = settings;
const log = createSilentLogger();
const database = await openDatabase({ databaseUrl, varDir: '', poolSize: 5, log });
const backend = await openQueueBackend({ databaseUrl, redisUrl, prefix: config.queues.prefix, log });
const queues = openStageQueues({ backend, config: config.queues, log });
const artifacts = createArtifactStore(config.storage);
const { registry } = createPostgresTrackingStore(database.db);
const handlers = createJobHandlers({
  scores: openVersionScorers({ registry, artifacts, config, log }),
  copywriter: openCopywriter(config.copy, {
    brands: createBrandBook(createBrandStore(database.db), systemClock),
  }),
});
await openWorkers({
  queues,
  runs: createRunStarter({ database, queues, config, clock: systemClock }),
  services: { database, artifacts, config },
  handlers: {
    ...handlers,
    'predict-shard': async (payload, context) => {
      const result = await handlers['predict-shard'](payload, context);
      if (payload.shard === settings.hangIn) {
        process.send?.('reached');
        await sleep(HANG_MS, context.signal);
      }
      return result;
    },
  } satisfies JobHandlers,
  log,
  clock: systemClock,
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
