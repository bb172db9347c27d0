/** The long-running parts that commands put together: workers and server, on the resource stack of the command. */
import { systemClock } from '../core/clock.ts';
import type { Stage } from '../core/config/index.ts';
import { openServer, type Server } from '../server/index.ts';
import { createStageHandlers, openWorkers } from '../workers/index.ts';
import type { QueueServices, Services } from './services.ts';

export async function addWorkers(
  services: Services,
  { queues, runs }: QueueServices,
  choice: { stages?: readonly Stage[]; concurrency?: number } = {},
): Promise<void> {
  const { config, log, resources, database, artifacts, tracking } = services;
  const workers = await openWorkers({
    queues,
    runs,
    services: { database, artifacts, config },
    handlers: createStageHandlers({ tracking }),
    log,
    clock: systemClock,
    ...choice,
  });
  resources.add('workers', workers);
}

export async function addServer(services: Services, { queues, runs }: QueueServices): Promise<Server> {
  const { config, log, resources, database, artifacts, tracking } = services;
  const server = await openServer({
    config,
    log,
    database,
    artifacts,
    tracking,
    queues,
    runs,
    clock: systemClock,
  });
  return resources.add('server', server);
}

/** Resolves when the command is asked to stop. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
