import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import {
  Client,
  TypeOverrides,
  types,
  type ClientBase,
  type DatabaseError,
  type Pool,
  type PoolClient,
} from 'pg';
import { withDeadline } from '../core/clock.ts';
import { AppError, toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { RELEASE_MS } from '../core/resources.ts';
import { isTracing } from '../core/trace.ts';
import { createBoundedPool } from './bounded-pool.ts';
import { traceQueries } from './trace-queries.ts';
import { openEmbeddedPostgres } from './embedded/server.ts';
import { createLocks, type Locks } from './locks.ts';
import { compareSchema, migrate } from './migrate.ts';
import { withPreparedStatements } from './prepared-statements.ts';
import type { Schema } from './schema.ts';

export type Db = Kysely<Schema>;
export type DbTransaction = Transaction<Schema>;

export interface Database {
  db: Db;
  /** Nobody may hold a connection of it while asking for another: that is what `locks` are for. */
  pool: Pool;
  locks: Locks;
  /** Names of the migrations that were applied when it was opened. */
  migrated: readonly string[];
  /** Connection string, for the queues' own pool and for LISTEN. Holds a password: never log it. */
  url: string;
  close(): Promise<void>;
  /** It bounds itself: the embedded server is not to be left running. */
  readonly closesWithinMs?: number;
}

export interface DatabaseOptions {
  /** null: the embedded server of `varDir`. */
  databaseUrl: string | null;
  varDir: string;
  poolSize: number;
  /**
   * After which PostgreSQL stops a statement; null or left out: never. Migrations take as long as they take.
   */
  statementTimeoutMs?: number | null;
  /**
   * `auto` when left out; `never` leaves the schema as it is and refuses one that lacks a migration; `later`
   * leaves it to whoever opens it.
   */
  migrate?: 'auto' | 'never' | 'later';
  log: Logger;
}

const CHECK_CLIENT_MS = 5000;

/** int8 columns hold counts, versions and milliseconds, all far below 2^53. */
const typeParsers = new TypeOverrides();
typeParsers.setTypeParser(types.builtins.INT8, Number);

/**
 * Connects to PostgreSQL (starting the embedded one when no address is given) and migrates it.
 * @throws AppError `unavailable` when the server does not answer, `conflict` when its schema is not this
 *   version's
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { log } = options;
  const embedded = options.databaseUrl === null ? await openEmbeddedPostgres(options) : undefined;
  const url = options.databaseUrl ?? embedded?.url ?? '';
  try {
    if (embedded !== undefined) await createDatabaseIfMissing(url);
    const pool = createBoundedPool({
      connectionString: url,
      max: options.poolSize,
      application_name: 'copyloop',
      types: typeParsers,
      // The pool waits for it, whatever its types say.
      // oxlint-disable-next-line typescript/no-misused-promises
      onConnect: async (client) => await limitStatements(client, options.statementTimeoutMs ?? 0),
    });
    pool.on('error', (error) => log.warn({ err: error }, 'an idle PostgreSQL connection was lost'));
    // While a client is in use the pool does not listen: without this a lost connection would end the
    // process, not the query.
    pool.on('connect', (client) => {
      if (isTracing()) traceQueries(client);
      client.on('error', (error) => log.debug({ err: error }, 'a PostgreSQL connection was lost'));
    });
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: withPreparedStatements(pool) }) });
    const close = async (): Promise<void> => {
      await withDeadline(db.destroy(), RELEASE_MS, 'connections to PostgreSQL do not close').catch(
        (error: unknown) => log.warn({ err: error }, 'connections to PostgreSQL are left behind'),
      );
      await embedded?.close();
    };
    const client = await connect(pool, url);
    let migrated: readonly string[];
    try {
      await refuseTransactionPooling(client, url);
      await client.query('SET statement_timeout = 0');
      migrated = await bringUpToDate(client, options.migrate ?? 'auto', log);
      if (migrated.length > 0) log.info({ applied: migrated }, 'database migrated');
    } finally {
      // Closed: its statements have no limit.
      client.release(true);
    }
    return { db, pool, locks: createLocks(url), migrated, url, close, closesWithinMs: Infinity };
  } catch (error) {
    await embedded?.close();
    throw error;
  }
}

async function bringUpToDate(
  client: ClientBase,
  how: NonNullable<DatabaseOptions['migrate']>,
  log: Logger,
): Promise<readonly string[]> {
  switch (how) {
    case 'auto':
      return await migrate(client);
    case 'never':
      return await checkSchema(client, log);
    case 'later':
      return [];
    default:
      return how satisfies never;
  }
}

/**
 * A newer schema is taken: processes of the version before live on it while an upgrade replaces them, or come
 * back with a rollback.
 * @throws AppError `conflict` for an older one
 */
async function checkSchema(client: ClientBase, log: Logger): Promise<[]> {
  const { missing, newer } = await compareSchema(client);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    throw new AppError(
      'conflict',
      `the database lacks ${names}, and storage.migrate is never: run "copyloop migrate" once with this version, then start again`,
    );
  }
  if (newer.length > 0) log.warn({ newer }, 'the database was migrated by a newer copyloop');
  return [];
}

/** By statements and not by startup parameters, which poolers refuse. */
async function limitStatements(client: ClientBase, timeoutMs: number): Promise<void> {
  await client.query(`SET statement_timeout = ${timeoutMs}`);
  // PostgreSQL looks by itself whether this process is still there while it works for it; before version 14
  // it cannot.
  await client.query(`SET client_connection_check_interval = ${CHECK_CLIENT_MS}`).catch(() => undefined);
}

async function connect(pool: Pool, url: string): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (cause) {
    const { host, pathname } = new URL(url);
    throw new AppError(
      'unavailable',
      `PostgreSQL at ${host}${pathname} does not answer (${reasonOf(cause)}): check DATABASE_URL, or leave it unset to use the embedded server`,
      { cause },
    );
  }
}

/**
 * @throws AppError `invalid-config` where a pooler hands out a server connection a transaction: what a
 * connection is told (LISTEN, advisory locks, the search path, prepared statements) would be told to another
 */
async function refuseTransactionPooling(first: PoolClient, url: string): Promise<void> {
  // Outside the pool, which may have one connection only.
  const second = new Client({ connectionString: url, application_name: 'copyloop' });
  await second.connect();
  try {
    if (!(await shareBackend(first, second))) return;
  } finally {
    await second.end();
  }
  throw new AppError('invalid-config', TRANSACTION_POOLING);
}

export const TRANSACTION_POOLING =
  'DATABASE_URL leads to a pooler in transaction mode (PgBouncer: pool_mode = transaction), in which LISTEN, advisory locks and prepared statements do not hold: set pool_mode = session for this database, or give the address of PostgreSQL itself';

/**
 * Whether two connections that are open at once have one server process: true behind a pooler that does not
 * keep sessions apart.
 */
export async function shareBackend(first: ClientBase, second: ClientBase): Promise<boolean> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const pids: number[] = [];
    for (const client of [first, second]) {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      pids.push(rows[0]?.pid ?? 0);
    }
    if (pids[0] === pids[1]) return true;
  }
  return false;
}

/** Without the pool's own words around it. */
function reasonOf(thrown: unknown): string {
  const error = toError(thrown);
  return toError(error instanceof AppError ? (error.cause ?? error) : error).message;
}

async function createDatabaseIfMissing(url: string): Promise<void> {
  const maintenance = new URL(url);
  const name = maintenance.pathname.slice(1);
  maintenance.pathname = '/postgres';
  const client = new Client({ connectionString: maintenance.href });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } catch (error) {
    // 42P04, 23505: another process created it in between.
    if (!['42P04', '23505'].includes((error as DatabaseError).code ?? '')) throw error;
  } finally {
    await client.end();
  }
}
