/**
 * BullMQ on Redis through ioredis. Callers that add jobs fail at once when Redis is away; workers wait for it
 * to come back.
 */
import { FlowProducer, Queue, Worker, type Telemetry } from 'bullmq';
import { Redis } from 'ioredis';
import { SECOND_MS, withDeadline } from '../core/clock.ts';
import { AppError, toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { REPEAT_SETTINGS, type QueueBackend } from './backend.ts';

/** A server that is stopped rather than gone takes commands and answers none: callers wait so long. */
const QUIT_MS = 2 * SECOND_MS;
const COMMAND_MS = 10 * SECOND_MS;

/**
 * ioredis forgets to end when it is disconnected between two attempts to connect, and BullMQ's workers, which
 * block on a duplicate each, wait for that end without limit.
 */
function endsAlways(connection: Redis): Redis {
  const disconnect = connection.disconnect.bind(connection);
  connection.disconnect = (reconnect = false) => {
    // Of a connection that waits for its first attempt ioredis does end.
    if (connection.status === 'reconnecting' && !reconnect) connection.status = 'wait';
    disconnect(reconnect);
  };
  const duplicate = connection.duplicate.bind(connection);
  connection.duplicate = (override) => endsAlways(duplicate(override));
  return connection;
}

export async function openRedisBackend(options: {
  redisUrl: string;
  prefix: string;
  /** Carries the trace of who adds a queue job to who works on it. */
  telemetry: Telemetry | undefined;
  log: Logger;
}): Promise<QueueBackend> {
  const { redisUrl, prefix, log } = options;
  const telemetry = options.telemetry && { telemetry: options.telemetry };
  const producers = endsAlways(
    new Redis(redisUrl, {
      lazyConnect: true,
      maxRetriesPerRequest: 1,
      enableOfflineQueue: false,
      commandTimeout: COMMAND_MS,
    }),
  );
  const workers = endsAlways(new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: null }));
  let lastError: Error | undefined;
  for (const connection of [producers, workers]) {
    connection.on('error', (error) => {
      if (error.message !== lastError?.message) log.warn({ err: error }, 'Redis does not answer');
      lastError = error;
    });
    connection.on('ready', () => (lastError = undefined));
  }
  try {
    await Promise.all([producers.connect(), workers.connect()]);
  } catch (cause) {
    producers.disconnect();
    workers.disconnect();
    throw new AppError(
      'unavailable',
      `Redis at ${new URL(redisUrl).host} does not answer (${toError(lastError ?? cause).message}): check REDIS_URL, or leave it unset to keep the queues in PostgreSQL`,
      { cause },
    );
  }

  // BullMQ keeps the outcome of its first question for good: where the connection broke in that moment, a
  // queue would fail until the process ended. Workers, whose commands wait, ask for the version.
  const asked = { connection: producers, prefix, skipVersionCheck: true, ...telemetry };
  return {
    kind: 'redis',
    databaseNumber: producers.options.db ?? 0,
    openQueue: (name) => new Queue(name, { ...asked, settings: REPEAT_SETTINGS }),
    openWorker: (name, processor, settings) =>
      new Worker(name, processor, {
        ...settings,
        settings: { ...REPEAT_SETTINGS, ...settings.settings },
        connection: workers,
        prefix,
        ...telemetry,
      }),
    openFlowProducer: () => new FlowProducer(asked),
    // Redis lets locks and checks run out by its own clock.
    correctTimes: () => Promise.resolve(0),
    close: async () => {
      await Promise.all([quit(producers), quit(workers)]);
    },
  };
}

/** QUIT waits for the replies on their way; a server that is gone cannot give them. */
async function quit(connection: Redis): Promise<void> {
  if (connection.status === 'ready')
    await withDeadline(connection.quit(), QUIT_MS, 'Redis does not answer').catch(() =>
      connection.disconnect(),
    );
  else connection.disconnect();
}
