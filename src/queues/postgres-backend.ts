/**
 * BullMQ on PostgreSQL: tables and functions of its own in the schema `bullmq`, LISTEN/NOTIFY instead of
 * blocking reads.
 */
import {
  assertSchemaCompatibility,
  createPostgresBackend,
  FlowProducer,
  Queue,
  runMigrations,
  SchemaMigrationRequiredError,
  Worker,
  type BackendFactory,
  type PgPool,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  type Telemetry,
} from 'bullmq';
import { Client, Pool } from 'pg';
import { SECOND_MS, sleep } from '../core/clock.ts';
import { AppError, toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { REPEAT_SETTINGS, type QueueBackend } from './backend.ts';

/** Each worker keeps one connection for LISTEN; the others are shared by all queries of the process. */
const MAX_CONNECTIONS = 20;

/**
 * So long a worker waits after a failure before it asks for work again; of its own, BullMQ waits for refused
 * connections alone.
 */
const RETRY_MS = SECOND_MS / 2;

/**
 * BullMQ's backend keeps the outcome of its first look at the tables for good: where the connection broke in
 * that moment, a queue failed until the process ended, and a worker asked again without letting the event
 * loop go on, deaf to every signal. The tables were looked at when this backend was opened.
 */
const createBackend: BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> = (...given) => {
  const backend = createPostgresBackend(...given);
  backend.connection.waitUntilReady = () => Promise.resolve();
  const moveToActive = backend.moveToActive.bind(backend);
  backend.moveToActive = async (...args) => {
    try {
      return await moveToActive(...args);
    } catch (error) {
      await sleep(RETRY_MS);
      throw error;
    }
  };
  return backend;
};

/**
 * BullMQ writes times by the clock of the machine that it runs on; PostgreSQL's decides here. Clocks may
 * differ by a lock's time without harm. What a schedule has put off for later is meant so.
 */
const CORRECT_TIMES = `
  WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms),
  checks AS (
    DELETE FROM meta USING clock
     WHERE field = 'stalled-check' AND value::bigint > now_ms + $1::bigint
    RETURNING 1
  ),
  locks AS (
    UPDATE job SET locked_until_ms = now_ms + $1::bigint FROM clock
     WHERE state = 'active' AND locked_until_ms > now_ms + 2 * $1::bigint
    RETURNING 1
  ),
  retries AS (
    UPDATE job SET process_at_ms = now_ms + delay_ms FROM clock
     WHERE state = 'delayed' AND scheduler_id IS NULL AND process_at_ms > now_ms + delay_ms + $1::bigint
    RETURNING 1
  )
  SELECT ((SELECT count(*) FROM checks) + (SELECT count(*) FROM locks) + (SELECT count(*) FROM retries))::int
    AS corrected`;

export async function openPostgresBackend(options: {
  databaseUrl: string;
  /** `auto` when left out; `never` refuses a database without BullMQ's tables. */
  migrate?: 'auto' | 'never' | undefined;
  /** Carries the trace of who adds a queue job to who works on it. */
  telemetry: Telemetry | undefined;
  log: Logger;
}): Promise<QueueBackend> {
  const { databaseUrl, migrate = 'auto', log } = options;
  const telemetry = options.telemetry && { telemetry: options.telemetry };
  await prepareQueues(databaseUrl, migrate);
  // BullMQ cannot load pg from native ESM, so it gets a pool; its statements carry no schema and rely on the
  // search path. The queue need not outlive a power cut by itself: what it loses of its last moments, as
  // Redis would, stage state brings back.
  const pool = new Pool({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    keepAlive: true,
    application_name: 'copyloop queues',
    // As a statement, ahead of all others: `options` of an address would replace the pool's, and poolers
    // refuse them.
    // The pool waits for it, whatever its types say.
    // oxlint-disable-next-line typescript/no-misused-promises
    onConnect: async (client) => {
      await client.query('SET search_path TO bullmq; SET synchronous_commit TO off');
    },
  });
  // Every queue and worker adds its own listener to the shared pool.
  pool.setMaxListeners(0);
  pool.on('error', (error) =>
    log.warn({ err: error }, 'an idle PostgreSQL connection of the queues was lost'),
  );
  // While a client is in use the pool does not listen: without this a lost connection would end the process,
  // not the query.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ err: error }, 'a connection of the queues was lost'));
  });
  const connection = pool as unknown as PgPool;

  // BullMQ's classes are generic over the backend; nothing outside this file depends on which one it is.
  return {
    kind: 'postgres',
    databaseNumber: null,
    openQueue: (name) =>
      new Queue(
        name,
        { connection, settings: REPEAT_SETTINGS, ...telemetry },
        createBackend,
      ) as unknown as Queue,
    openWorker: (name, processor, settings) =>
      new Worker(
        name,
        processor,
        { ...settings, settings: { ...REPEAT_SETTINGS, ...settings.settings }, connection, ...telemetry },
        createBackend,
      ) as unknown as Worker,
    openFlowProducer: () =>
      new FlowProducer({ connection, ...telemetry }, createBackend) as unknown as FlowProducer,
    correctTimes: async (lockMs) => {
      const { rows } = await pool.query<{ corrected: number }>(CORRECT_TIMES, [lockMs]);
      return rows[0]?.corrected ?? 0;
    },
    close: () => pool.end(),
  };
}

async function prepareQueues(databaseUrl: string, migrate: 'auto' | 'never'): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  try {
    await client.connect();
    if (migrate === 'auto') await runMigrations(client);
    else await assertSchemaCompatibility(client);
  } catch (cause) {
    if (cause instanceof SchemaMigrationRequiredError)
      throw new AppError(
        'conflict',
        'the database lacks the tables of the queues, and storage.migrate is never: run "copyloop migrate" once, then start again',
        { cause },
      );
    const { host, pathname } = new URL(databaseUrl);
    throw new AppError(
      'unavailable',
      `the queues cannot use PostgreSQL at ${host}${pathname} (${toError(cause).message}): check DATABASE_URL`,
      { cause },
    );
  } finally {
    await client.end().catch((error: unknown) => toError(error));
  }
}
