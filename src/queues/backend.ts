/**
 * What both of BullMQ's backends give: whoever opens a queue or a worker does not know which one it stands
 * on.
 */
import type { FlowProducer, Processor, Queue, Worker, WorkerOptions } from 'bullmq';
import type { Logger } from '../core/log.ts';
import { nextTickMs } from './next-tick.ts';

export type WorkerSettings = Omit<WorkerOptions, 'connection' | 'prefix'>;

export interface QueueBackend {
  readonly kind: 'postgres' | 'redis';
  /** Of Redis, whose list of clients is of all its databases; null for PostgreSQL. */
  readonly databaseNumber: number | null;
  openQueue(name: string): Queue;
  openWorker(name: string, processor: Processor, settings: WorkerSettings): Worker;
  openFlowProducer(): FlowProducer;
  /**
   * Takes back times that lie further ahead than any worker can mean them: a machine whose clock ran ahead
   * has written them, and until then nobody would have looked for stalled queue jobs.
   * @param lockMs how long a queue job is locked @returns how many
   */
  correctTimes(lockMs: number): Promise<number>;
  /** Closes the connections. What was opened on them must be closed before. */
  close(): Promise<void>;
}

export interface QueueBackendOptions {
  /** PostgreSQL that holds the queues when there is no Redis. */
  databaseUrl: string;
  redisUrl: string | null;
  /** `auto` when left out; `never` refuses a database without the tables of the queues. Redis needs none. */
  migrate?: 'auto' | 'never';
  /** Namespace of the keys in Redis. In PostgreSQL the database is the namespace. */
  prefix: string;
  log: Logger;
}

/** How BullMQ finds the next tick of a schedule; queues and workers must agree on it. */
export const REPEAT_SETTINGS = {
  repeatStrategy: (nowMs: number, { pattern = '', tz = 'UTC' }: { pattern?: string; tz?: string }): number =>
    nextTickMs(pattern, tz, nowMs),
};
