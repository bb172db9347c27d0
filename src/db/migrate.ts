import type pg from 'pg';
import { AppError, toError } from '../core/errors.ts';
import { LOCK_KEYS } from './lock-keys.ts';
import type { Migration } from './migration.ts';
import { migrations as allMigrations } from './migrations/index.ts';

/**
 * Brings the database to the newest schema: each missing migration in a transaction of its own, under an
 * advisory lock.
 * @returns names of the migrations that it applied
 * @throws AppError `conflict` when the database holds a migration that this version does not know
 */
export async function migrate(
  client: pg.ClientBase,
  migrations: readonly Migration[] = allMigrations,
): Promise<string[]> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK_KEYS.migrate]);
  try {
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    const { missing, newer } = await compareSchema(client, migrations);
    if (newer.length > 0) {
      throw new AppError(
        'conflict',
        `the database was migrated by a newer copyloop (${newer.join(', ')}): upgrade this one`,
      );
    }
    for (const migration of missing) await apply(client, migration);
    return missing.map((migration) => migration.name);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK_KEYS.migrate]);
  }
}

/** What the database lacks, and names of what it holds that this version does not know. Changes nothing. */
export async function compareSchema(
  client: pg.ClientBase,
  migrations: readonly Migration[] = allMigrations,
): Promise<{ missing: Migration[]; newer: string[] }> {
  const found = await client.query<{ known: string | null }>(
    "SELECT to_regclass('schema_migrations') AS known",
  );
  if ((found.rows[0]?.known ?? null) === null) return { missing: [...migrations], newer: [] };
  const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name');
  const applied = rows.map(({ name }) => name);
  return {
    missing: migrations.filter(({ name }) => !applied.includes(name)),
    newer: applied.filter((name) => !migrations.some((known) => known.name === name)),
  };
}

async function apply(client: pg.ClientBase, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [migration.name]);
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK');
    throw new AppError('internal', `migration ${migration.name} failed: ${toError(cause).message}`, {
      cause,
    });
  }
}
