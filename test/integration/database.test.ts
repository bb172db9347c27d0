import { afterEach, expect, it } from 'vitest';
import { migrate, openListener, type Database, type Listener } from '../../src/db/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openTestDatabase } from './databases.ts';

const open: (Database | Listener)[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).toReversed()) await resource.close();
});

it('migrates a fresh database and finds nothing to do the second time', async () => {
  const database = await openTestDatabase();
  open.push(database);
  const client = await database.pool.connect();
  try {
    const { rows } = await client.query('SELECT name FROM schema_migrations');
    expect(rows.length).toBeGreaterThan(0);
    expect(await migrate(client)).toEqual([]);
  } finally {
    client.release();
  }
});

it('hears a notice, and hears again after its connection was cut', async () => {
  const database = await openTestDatabase();
  open.push(database);
  const heard: string[] = [];
  const listener = await openListener({
    url: database.url,
    channel: 'news',
    log: createSilentLogger(),
    onNotify: (payload) => heard.push(payload),
    retryMs: 10,
  });
  open.push(listener);
  await expect.poll(() => heard.length).toBe(1);
  await database.pool.query("NOTIFY news, 'first'");
  await expect.poll(() => heard).toContain('first');
  await database.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'copyloop listen news'",
  );
  await expect.poll(() => heard.filter((payload) => payload === '').length).toBe(2);
  await database.pool.query("NOTIFY news, 'second'");
  await expect.poll(() => heard).toContain('second');
});
