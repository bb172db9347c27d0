import { afterEach, expect, it } from 'vitest';
import { migrate, migrations, openListener, type Database, type Listener } from '../../src/db/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';

const open: (Database | Listener)[] = [];
afterEach(async () => {
  for (const resource of open.splice(0).toReversed()) await resource.close();
});

it('migrates a fresh database and finds nothing to do the second time', async () => {
  const database = await openTestDatabase(() => Promise.resolve());
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

it('keeps the runs of a database from before 010, and still deletes their values along with them', async () => {
  const before = migrations.filter(({ name }) => name < '010');
  const values = ['run_params', 'run_tags', 'run_latest_metrics', 'run_metrics'];
  const database = await openTestDatabase(async (client) => {
    expect(await migrate(client, before)).toHaveLength(9);
    await client.query(`
      INSERT INTO tracking_runs (run_id, experiment_id, name, artifact_uri) VALUES ('old', 0, 'old', ''), ('kept', 0, 'kept', '');
      INSERT INTO run_params VALUES ('old', 'recipe', 'head'), ('kept', 'recipe', 'full');
      INSERT INTO run_tags VALUES ('old', 'team', 'a'), ('kept', 'team', 'b');
      INSERT INTO run_metrics (run_id, key, timestamp, value) VALUES ('old', 'loss', 1, 0.5), ('kept', 'loss', 1, 'NaN');
      INSERT INTO run_latest_metrics VALUES ('old', 'loss', 0, 1, 0.5), ('kept', 'loss', 0, 1, 'NaN');`);
  });
  open.push(database);
  const runsOf = async (table: string): Promise<string[]> => {
    const { rows } = await database.pool.query<{ run_id: string }>(
      `SELECT run_id FROM ${table} ORDER BY run_id`,
    );
    return rows.map((row) => row.run_id);
  };
  for (const table of values) expect(await runsOf(table)).toEqual(['kept', 'old']);

  const { runs } = createPostgresTrackingStore(database.db);
  await runs.logBatch('old', { params: [{ key: 'seed', value: '1' }] });
  expect(await runs.get('kept')).toMatchObject({
    params: { recipe: 'full' },
    tags: { team: 'b' },
    metrics: [{ key: 'loss', value: NaN }],
  });
  await database.pool.query("DELETE FROM tracking_runs WHERE run_id = 'old'");
  for (const table of values) expect(await runsOf(table)).toEqual(['kept']);
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

it('lets go of a connection that is still being made when it is closed', async () => {
  const database = await openTestDatabase();
  open.push(database);
  const quiet = { url: database.url, channel: 'news', log: createSilentLogger(), onNotify: () => undefined };
  const listener = await openListener(quiet);
  await expect(listener.close()).resolves.toBeUndefined();
});
