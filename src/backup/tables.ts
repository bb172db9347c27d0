/**
 * The tables of one snapshot as COPY streams, out and back in. PostgreSQL does both, so neither pg_dump nor
 * any other program of it is needed; the text form is read by later versions of the server.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client, escapeIdentifier, type ClientBase } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { sleep } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { LOCK_KEYS } from '../db/index.ts';

export interface TableShape {
  name: string;
  columns: string[];
}

export interface SequenceState {
  name: string;
  lastValue: string | null;
}

export interface BackupLock {
  url: string;
  how: 'shared' | 'alone';
  signal?: AbortSignal | undefined;
  /** Once, when somebody else holds it. */
  onWait?: (() => void) | undefined;
}

const LOCK_POLL_MS = 200;
const IN_SCHEMA = 'n.nspname = current_schema()';

/** Opens a connection of its own: a backup may outlast what the pool allows a statement. */
export async function openClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'copyloop backup' });
  await client.connect();
  client.on('error', () => undefined);
  await client.query('SET statement_timeout = 0');
  await client.query('SET idle_in_transaction_session_timeout = 0');
  return client;
}

/**
 * Backups of an installation share their chunks: while one is made (`shared`), nobody (`alone`) may delete
 * what it counts on. Ends with the connection, so a killed process leaves nothing behind.
 *
 * @param work gets a check that throws once the connection, and with it the lock, is lost
 */
export async function holdBackupLock<T>(
  { url, how, signal, onWait }: BackupLock,
  work: (assertHeld: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const client = await openClient(url);
  const tryLock = how === 'shared' ? 'pg_try_advisory_lock_shared' : 'pg_try_advisory_lock';
  const take = async (): Promise<boolean> => {
    const { rows } = await client.query<{ held: boolean }>(`SELECT ${tryLock}($1) AS held`, [
      LOCK_KEYS.backup,
    ]);
    return rows[0]?.held === true;
  };
  try {
    for (let tries = 0; !(await take()); tries += 1) {
      if (tries === 0) onWait?.();
      await sleep(LOCK_POLL_MS, signal);
    }
    return await work(async () => void (await client.query('SELECT 1')));
  } finally {
    await client.end();
  }
}

/** All that is read until the transaction ends is of one moment. */
export async function beginSnapshot(client: ClientBase): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
}

export async function readMigrations(client: ClientBase): Promise<string[]> {
  const { rows: found } = await client.query<{ known: string | null }>(
    "SELECT to_regclass('schema_migrations') AS known",
  );
  if ((found[0]?.known ?? null) === null) return [];
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM schema_migrations ORDER BY applied_at, name',
  );
  return rows.map(({ name }) => name);
}

/** In the order of their names; columns that PostgreSQL computes are left out. */
export async function listTables(client: ClientBase): Promise<TableShape[]> {
  const { rows } = await client.query<TableShape>(`
    SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE ${IN_SCHEMA} AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname COLLATE "C"`);
  return rows;
}

export async function listSequences(client: ClientBase): Promise<SequenceState[]> {
  const { rows } = await client.query<SequenceState>(`
    SELECT sequencename AS name, last_value::text AS "lastValue" FROM pg_sequences
    WHERE schemaname = current_schema() ORDER BY 1`);
  return rows;
}

export async function countRows(client: ClientBase, table: string, where = 'true'): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${escapeIdentifier(table)} WHERE ${where}`,
  );
  return rows[0]?.count ?? 0;
}

/** One line a row; nothing else may use the client before it has ended. */
export function readTable(client: ClientBase, { name, columns }: TableShape): AsyncIterable<Uint8Array> {
  return client.query(copyTo(`COPY ${escapeIdentifier(name)} (${columnList(columns)}) TO STDOUT`));
}

/** @returns how many rows came in */
async function writeTable(
  client: ClientBase,
  { name, columns }: TableShape,
  lines: AsyncIterable<Uint8Array>,
): Promise<number> {
  const sink = client.query(copyFrom(`COPY ${escapeIdentifier(name)} (${columnList(columns)}) FROM STDIN`));
  await pipeline(Readable.from(lines, { objectMode: false }), sink);
  return sink.rowCount;
}

/**
 * Replaces what all tables hold, in one transaction: all of it or nothing. Foreign keys are taken off
 * meanwhile and checked as a whole when they are put back; triggers stay silent, since what they would do has
 * been done.
 * @param tables with the lines of each, read one after the other
 */
export async function replaceTables(
  client: ClientBase,
  tables: readonly (TableShape & { rows: number; read: () => AsyncIterable<Uint8Array> })[],
  sequences: readonly SequenceState[],
  onTable: (name: string, rows: number) => void,
): Promise<void> {
  await client.query('BEGIN');
  try {
    const present = new Set((await listTables(client)).map(({ name }) => name));
    const strange = tables.find(({ name }) => !present.has(name));
    if (strange !== undefined)
      throw new AppError(
        'bad-data',
        `the backup holds a table ${strange.name} that copyloop does not make: it was made of a database with other tables`,
      );
    const keys = await dropForeignKeys(client);
    for (const name of present)
      await client.query(`ALTER TABLE ${escapeIdentifier(name)} DISABLE TRIGGER USER`);
    await client.query(`TRUNCATE ${[...present].map(escapeIdentifier).join(', ')}`);
    for (const table of tables) {
      const rows = await writeTable(client, table, table.read());
      if (rows !== table.rows)
        throw new AppError('bad-data', `table ${table.name} has ${rows} rows instead of ${table.rows}`);
      onTable(table.name, rows);
    }
    for (const name of present)
      await client.query(`ALTER TABLE ${escapeIdentifier(name)} ENABLE TRIGGER USER`);
    for (const { table, name, definition } of keys)
      await client.query(`ALTER TABLE ${table} ADD CONSTRAINT ${escapeIdentifier(name)} ${definition}`);
    for (const { name, lastValue } of sequences)
      if (lastValue !== null)
        await client.query('SELECT setval($1::regclass, $2)', [escapeIdentifier(name), lastValue]);
    await client.query('COMMIT');
  } catch (thrown) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw thrown;
  }
  await client.query('ANALYZE');
}

interface ForeignKey {
  table: string;
  name: string;
  definition: string;
}

async function dropForeignKeys(client: ClientBase): Promise<ForeignKey[]> {
  const { rows } = await client.query<ForeignKey>(`
    SELECT k.conrelid::regclass::text AS table, k.conname AS name, pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint AS k JOIN pg_namespace AS n ON n.oid = k.connamespace
    WHERE ${IN_SCHEMA} AND k.contype = 'f'`);
  for (const { table, name } of rows)
    await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${escapeIdentifier(name)}`);
  return rows;
}

const columnList = (columns: readonly string[]): string => columns.map(escapeIdentifier).join(', ');
