/**
 * The long-running parts that commands put together: workers and server, on the resource stack of the
 * command.
 */
import { systemClock } from '../core/clock.ts';
import type { LoadedConfig } from '../core/config/index.ts';
import { openServer, type Server } from '../server/index.ts';
import { openBudgetedCopywriter, openVersionScorers } from '../serving/index.ts';
import { openWebhookDelivery } from '../tracking/index.ts';
import { createJobHandlers, createRunHandlers, openWorkers } from '../workers/index.ts';
import { runChecks } from './doctor/checks.ts';
import type { QueueServices, Services } from './services.ts';

export async function addWorkers(
  services: Services,
  { queues, runs }: QueueServices,
  choice: { stages?: readonly string[]; concurrency?: number } = {},
): Promise<void> {
  const { config, log, resources, database, artifacts, tracking } = services;
  const scores = resources.add(
    'version scorers',
    openVersionScorers({ registry: tracking.registry, artifacts, config, log }),
  );
  const copywriter = resources.add(
    'copywriter of jobs',
    openBudgetedCopywriter({ config, db: database.db, log }),
  );
  const workers = await openWorkers({
    queues,
    runs,
    services: { database, artifacts, config },
    handlers: { ...createRunHandlers({ tracking }), ...createJobHandlers({ scores, copywriter }) },
    log,
    clock: systemClock,
    ...choice,
  });
  resources.add('workers', workers);
}

export async function addServer(
  services: Services,
  { queues, runs, jobs }: QueueServices,
  origins: LoadedConfig['origins'],
): Promise<Server> {
  const { config, log, logHealth, resources, database, artifacts, tracking } = services;
  const server = await openServer({
    config,
    log,
    logHealth,
    database,
    artifacts,
    tracking,
    queues,
    runs,
    jobs,
    origins,
    // Its port is taken by the server itself.
    diagnose: async () => (await runChecks(config)).filter(({ name }) => name !== 'Port'),
    clock: systemClock,
  });
  return resources.add('server', server);
}

/** Delivers what webhooks are to be told, beside whatever else the process does. */
export async function addWebhookDelivery({ config, log, resources, database }: Services): Promise<void> {
  const delivery = await openWebhookDelivery({
    db: database.db,
    databaseUrl: database.url,
    config,
    clock: systemClock,
    log,
  });
  resources.add('webhook delivery', delivery);
}

/** Resolves when the command is asked to stop. */
export async function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
