/** Who migrates the database: every start, or `copyloop migrate` alone. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../src/core/paths.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { migrations, openDatabase, type Database } from '../../src/db/index.ts';
import { stageNames } from '../../src/queues/index.ts';
import { runCopyloop } from './copyloop-process.ts';
import { openTestDatabase } from './databases.ts';

let work: string;
let database: Database;
const fresh = `fresh_${process.pid}`;
beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), 'copyloop-migrate-'));
  database = await openTestDatabase();
  await database.pool.query(`CREATE DATABASE ${fresh} TEMPLATE template1`);
});
afterAll(async () => {
  await database.pool.query(`DROP DATABASE ${fresh} WITH (FORCE)`);
  await database.close();
  await rm(work, { recursive: true });
});

it('storage.migrate: never refuses an older schema with what to do; copyloop migrate does it and says what', async () => {
  const url = new URL(database.url);
  url.pathname = `/${fresh}`;
  const env = {
    DATABASE_URL: url.href,
    COPYLOOP_VAR_DIR: work,
    COPYLOOP_STORAGE__MIGRATE: 'never',
    PORT: '0',
  };
  const run = async (...args: string[]): Promise<{ code: number | null; said: string }> => {
    const { ended, output } = runCopyloop(args, env);
    return { code: await ended, said: output() };
  };
  expect(await run('server')).toEqual({
    code: 5,
    said: expect.stringMatching(/lacks 001-pipeline, .* run "copyloop migrate" once/),
  });
  const names = migrations.map(({ name }) => name);
  expect(await run('migrate', '--json')).toEqual({
    code: 0,
    said: expect.stringContaining(names.join('",\n    "')),
  });
  expect(await run('migrate')).toEqual({ code: 0, said: 'the schema is up to date\n' });
  expect(await run('keys')).toMatchObject({ code: 0 });
});

it('storage.migrate: never works on a newer schema, as while an upgrade goes on', async () => {
  const options = { databaseUrl: database.url, varDir: '', poolSize: 2, log: createSilentLogger() };
  await database.pool.query("INSERT INTO schema_migrations (name) VALUES ('999-later')");
  await expect(openDatabase(options)).rejects.toThrow(/newer copyloop \(999-later\)/);
  await (await openDatabase({ ...options, migrate: 'never' })).close();
  await database.pool.query("DELETE FROM schema_migrations WHERE name = '999-later'");
});

it('the query of the chart counts the open pieces of each stage, and names every stage', async () => {
  const chart = path.join(packageRoot, 'deploy/helm/copyloop');
  const { definitions } = JSON.parse(await readFile(path.join(chart, 'values.schema.json'), 'utf8')) as {
    definitions: { stage: { enum: string[] } };
  };
  expect(definitions.stage.enum).toEqual(stageNames());
  const query = await readFile(path.join(chart, 'files/open-work.sql'), 'utf8');
  const named = [...query.matchAll(/\(\d, '([a-z-]+)'/g)].map(([, stage]) => stage);
  expect(new Set(named)).toEqual(new Set(stageNames()));
  expect(named).toHaveLength(stageNames().length);
  const open = async (...stages: string[]): Promise<number> => {
    const { rows } = await database.pool.query<{ open: number }>(`${query} WHERE stage = ANY ($1)`, [stages]);
    return rows[0]?.open ?? -1;
  };
  expect(await open(...stageNames())).toBe(0);
  await database.pool.query(`
    INSERT INTO pipeline_runs (id, trigger, options) VALUES ('one', 'manual', '{"candidates": [{}, {}, {}]}');
    INSERT INTO prediction_jobs (id, source, options, model_name, model_version) VALUES ('job', '{}', '{}', 'm', 1)`);
  expect([await open('generate-data'), await open('train-model'), await open('split-catalogue')]).toEqual([
    1, 0, 1,
  ]);
  await database.pool.query(`
    INSERT INTO stage_states (run_id, stage, candidate, status, worker_id) VALUES ('one', 'generate-data', '', 'succeeded', 'w'),
      ('one', 'version-data', '', 'succeeded', 'w'), ('one', 'train-model', 'a', 'failed', 'w'), ('one', 'train-model', 'b', 'running', 'w');
    UPDATE prediction_jobs SET shards = 5;
    INSERT INTO prediction_job_steps (job_id, stage, shard, status) VALUES ('job', 'split-catalogue', -1, 'succeeded'),
      ('job', 'predict-shard', 0, 'succeeded'), ('job', 'predict-shard', 1, 'waiting')`);
  expect([await open('version-data'), await open('train-model'), await open('predict-shard')]).toEqual([
    0, 2, 4,
  ]);
  await database.pool.query("UPDATE pipeline_runs SET status = 'succeeded', finished_at = now()");
  await database.pool.query("UPDATE prediction_jobs SET status = 'cancelled', finished_at = now()");
  expect(await open(...stageNames())).toBe(0);
});
