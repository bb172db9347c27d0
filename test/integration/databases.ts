/** A fresh, migrated database of its own for a test file, dropped when it closes. */
import { Client } from 'pg';
import { inject } from 'vitest';
import { randomSlug } from '../../src/core/ids.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';

export async function openTestDatabase(): Promise<Database> {
  const name = `test_${randomSlug(10)}`;
  const base = inject('databaseUrl');
  await onServer(base, `CREATE DATABASE ${name}`);
  const url = new URL(base);
  url.pathname = `/${name}`;
  const database = await openDatabase({
    databaseUrl: url.href,
    varDir: '',
    poolSize: 10,
    log: createSilentLogger(),
  });
  return {
    ...database,
    close: async () => {
      await database.close();
      await onServer(base, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
