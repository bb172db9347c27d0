/**
 * A worker process that tests start and kill. It runs the real stages; in the stage named by `hangIn` it does
 * everything the stage does, says so, and then does not return: killed there, it has left all side effects
 * and no result. argv[2]: JSON of ChildSettings.
 */
import { MINUTE_MS, sleep, systemClock } from '../../src/core/clock.ts';
import type { Config } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase } from '../../src/db/index.ts';
import { createRunStarter, openQueueBackend, openStageQueues } from '../../src/queues/index.ts';
import { createArtifactStore, createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { createRunHandlers, openWorkers, type Handlers } from '../../src/workers/index.ts';
import { idleHandlers } from '../../fixtures/idle-handlers.ts';

export interface ChildSettings {
  config: Config;
  databaseUrl: string;
  redisUrl: string | null;
  hangIn: string | null;
  /** In place of the real stages: handlers that return at once, but for a training that takes its time. */
  isIdle: boolean;
}

export type ChildMessage = { kind: 'ready' } | { kind: 'reached'; stage: string };

const HANG_MS = 10 * MINUTE_MS;
/** Long enough that the other process takes the next candidate meanwhile. */
const IDLE_TRAINING_MS = 300;

const settings = JSON.parse(process.argv[2] ?? '') as ChildSettings;
const { config, databaseUrl, redisUrl } = settings;
const log = createSilentLogger();
const database = await openDatabase({ databaseUrl, varDir: '', poolSize: 10, log });
const backend = await openQueueBackend({ databaseUrl, redisUrl, prefix: config.queues.prefix, log });
const queues = openStageQueues({ backend, config: config.queues, log });
const runs = createRunStarter({ database, queues, config, clock: systemClock });
const real = createRunHandlers({ tracking: createPostgresTrackingStore(database.db) });

type Handler = NonNullable<Handlers[string]>;
const hanging = (stage: string, handler: Handler): Handler =>
  stage === settings.hangIn
    ? async (payload: never, context: { signal: AbortSignal }) => {
        await handler(payload, context as never);
        tell({ kind: 'reached', stage });
        await sleep(HANG_MS, context.signal);
        throw new Error('nobody has killed this worker');
      }
    : handler;
const handlers: Handlers = settings.isIdle
  ? {
      ...idleHandlers,
      'train-model': async (payload: never, context: { signal: AbortSignal }) => {
        await sleep(IDLE_TRAINING_MS, context.signal);
        return await idleHandlers['train-model'](payload, context as never);
      },
    }
  : Object.fromEntries(
      Object.entries<Handler>(real).map(([stage, handler]) => [stage, hanging(stage, handler)]),
    );
const workers = await openWorkers({
  queues,
  runs,
  services: { database, artifacts: createArtifactStore(config.storage), config },
  handlers,
  log,
  clock: systemClock,
});
process.on('disconnect', () => process.exit());
process.once('SIGTERM', () => {
  void workers
    .close()
    .then(() => queues.close())
    .then(() => backend.close())
    .then(() => database.close())
    .then(() => process.disconnect());
});
tell({ kind: 'ready' });

function tell(message: ChildMessage): void {
  process.send?.(message);
}
