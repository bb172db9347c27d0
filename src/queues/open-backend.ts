/** The one door to the two backends. */
import { isTracing } from '../core/trace.ts';
import type { QueueBackend, QueueBackendOptions } from './backend.ts';
import { openPostgresBackend } from './postgres-backend.ts';
import { openRedisBackend } from './redis-backend.ts';

/** @throws AppError `unavailable` when the server does not answer */
export async function openQueueBackend(options: QueueBackendOptions): Promise<QueueBackend> {
  const telemetry = isTracing()
    ? new (await import('bullmq-otel')).BullMQOtel({ tracerName: 'copyloop' })
    : undefined;
  return options.redisUrl === null
    ? await openPostgresBackend({ ...options, telemetry })
    : await openRedisBackend({ ...options, redisUrl: options.redisUrl, telemetry });
}
