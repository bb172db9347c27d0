/** Databases of their own for test files, dropped when they close. */
import { Client } from 'pg';
import { inject } from 'vitest';
import { randomSlug } from '../../src/core/ids.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';

/** Fresh and migrated, or as `populate` leaves it and then migrated. */
export async function openTestDatabase(populate?: (client: Client) => Promise<void>): Promise<Database> {
  const name = `test_${randomSlug(10)}`;
  const base = inject('databaseUrl');
  await onServer(base, async (client) => await client.query(`CREATE DATABASE ${name}`));
  const url = new URL(base);
  url.pathname = `/${name}`;
  if (populate !== undefined) await onServer(url.href, populate);
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
      await onServer(base, async (client) => await client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

async function onServer(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
