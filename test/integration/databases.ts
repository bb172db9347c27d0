/** Databases of their own for test files, dropped when they close. */
import { Client } from 'pg';
import { inject } from 'vitest';
import { randomSlug } from '../../src/core/ids.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';

/**
 * A clone of the migrated template; or, with `populate`, an empty database as it leaves it and then migrated.
 */
export async function openTestDatabase(populate?: (client: Client) => Promise<void>): Promise<Database> {
  const name = `test_${randomSlug(10)}`;
  const template = new URL(inject('templateUrl'));
  const server = withDatabase(template, 'postgres');
  const source = populate === undefined ? template.pathname.slice(1) : 'template1';
  await onServer(server.href, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${source}`));
  const url = withDatabase(template, name);
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
      await onServer(server.href, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

function withDatabase(url: URL, name: string): URL {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other;
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
