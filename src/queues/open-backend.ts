/** The one door to the two backends. */
import type { QueueBackend, QueueBackendOptions } from './backend.ts';
import { openPostgresBackend } from './postgres-backend.ts';
import { openRedisBackend } from './redis-backend.ts';

/** @throws AppError `unavailable` when the server does not answer */
export async function openQueueBackend(options: QueueBackendOptions): Promise<QueueBackend> {
  return options.redisUrl === null
    ? await openPostgresBackend(options)
    : await openRedisBackend({ ...options, redisUrl: options.redisUrl });
}
