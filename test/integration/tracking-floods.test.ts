/**
 * Requests made to cost more than they should: JSON of any depth, texts that a careless pattern reads again
 * and again, searches of a thousand conditions.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hono } from 'hono';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';
import type { AppEnv } from '../../src/server/http/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { isSteep } from '../growth.ts';
import { openTestDatabase } from './databases.ts';

let database: Database;
let tracking: TrackingStore;
let varDir: string;
let app: Hono<AppEnv>;

beforeAll(async () => {
  database = await openTestDatabase();
  tracking = createPostgresTrackingStore(database.db);
  varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-floods-'));
  app = createApp(database);
});
afterAll(async () => {
  await database.close();
  await rm(varDir, { recursive: true, force: true });
});

function createApp({ db }: Database): Hono<AppEnv> {
  const { config } = loadConfig({ env: {} });
  return createMlflowApp({
    tracking: createPostgresTrackingStore(db),
    artifacts: createArtifactStore({ ...config.storage, varDir }),
    servedModel: 'copy-quality',
    webhooks: { store: createWebhookStore(db, systemClock, null), rules: createSendRules(config) },
  });
}

async function send(method: string, address: string, body: string) {
  const headers = { 'content-type': 'application/json' };
  const response = await app.request(address, { method, body, headers });
  return { status: response.status, text: await response.text() };
}

describe('JSON of 20,000 levels', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);

  it('is a 400 on every MLflow route that takes a body', async () => {
    const routes = app.routes.filter(
      ({ method, path: where }) =>
        ['POST', 'PATCH', 'DELETE'].includes(method) && where.startsWith('/api/2.0/mlflow/'),
    );
    const addresses = new Set(
      routes.map(({ method, path: where }) => `${method} ${where.replaceAll(/:\w+/g, 'x')}`),
    );
    expect(addresses.size).toBeGreaterThan(40);
    for (const one of addresses) {
      const [method = '', address = ''] = one.split(' ');
      for (const body of [
        deep,
        `{"name": ${deep}, "run_id": ${deep}}`,
        JSON.stringify(`{"name": ${deep}}`),
      ]) {
        const { status, text } = await send(method, address, body);
        expect(status, `${one}: ${text}`).toBe(400);
        expect(text).toContain('levels deep');
      }
    }
  });

  it('is a 400 as the model of a run', async () => {
    const { runId } = await tracking.runs.create({ experimentId: '0' });
    const model_json = `{"artifact_path": ${deep}, "flavors": {}, "utc_time_created": "", "run_id": ""}`;
    const body = JSON.stringify({ run_id: runId, model_json });
    expect((await send('POST', '/api/2.0/mlflow/runs/log-model', body)).status).toBe(400);
  });
});

describe('a search', () => {
  const searchRuns = async (asked: object, signal?: AbortSignal) => {
    const response = await app.request('/api/2.0/mlflow/runs/search', {
      method: 'POST',
      body: JSON.stringify({ experiment_ids: ['0'], ...asked }),
      headers: { 'content-type': 'application/json' },
      signal: signal ?? null,
    });
    return { status: response.status, text: await response.text() };
  };
  const conditions = (count: number): string =>
    Array.from({ length: count }, (_, at) => `tags.t${at} != 'x'`).join(' AND ');

  it('names the most conditions and the most criteria that it takes', async () => {
    const orders = (count: number): string[] =>
      Array.from({ length: count }, (_, at) => `metrics.m${at} DESC`);
    expect((await searchRuns({ filter: conditions(100), order_by: orders(20) })).status).toBe(200);
    for (const asked of [
      { filter: conditions(101) },
      { filter: conditions(1000) },
      { order_by: orders(21) },
    ]) {
      const { status, text } = await searchRuns(asked);
      expect(status).toBe(400);
      expect(text).toMatch(/more than 100 conditions|criteria, the most that one search takes is 20/);
    }
    for (const [method, where] of [
      ['POST', 'experiments/search'],
      ['POST', 'logged-models/search'],
      ['GET', `registered-models/search?filter=${encodeURIComponent(conditions(101))}`],
      ['GET', `model-versions/search?filter=${encodeURIComponent(conditions(101))}`],
    ] as const) {
      const body = JSON.stringify({ experiment_ids: ['0'], filter: conditions(101) });
      const response = await app.request(`/api/2.0/mlflow/${where}`, {
        method,
        ...(method === 'POST' && { body }),
        headers: { 'content-type': 'application/json' },
      });
      expect(response.status, where).toBe(400);
    }
  });

  it('takes time in proportion to its conditions', async () => {
    const search = async (count: number) => (await searchRuns({ filter: conditions(count) })).status;
    expect([await search(50), await search(100)]).toEqual([200, 200]);
    expect(await isSteep(search, 50, 'wall', 5, [1, 1, 1])).toBe(false);
  });

  it('finds the same runs however many conditions it has', async () => {
    const experimentId = await tracking.experiments.create({ name: 'many conditions' });
    const keys = Array.from({ length: 12 }, (_, at) => `t${at}`);
    const create = async (tags: Record<string, string>): Promise<string> =>
      (await tracking.runs.create({ experimentId, tags })).runId;
    const all = await create(Object.fromEntries(keys.map((key) => [key, `${key} here`])));
    await create(Object.fromEntries(keys.slice(1).map((key) => [key, `${key} here`])));
    await create(Object.fromEntries(keys.map((key) => [key, key === 't11' ? 'other' : `${key} here`])));
    const find = async (filter: string) =>
      (await tracking.runs.search({ experimentIds: [experimentId], filter })).items.map(({ runId }) => runId);
    const equal = keys.map((key) => `tags.${key} = '${key} here'`).join(' AND ');
    const like = keys.map((key) => `tags.${key} LIKE '%here'`).join(' AND ');
    for (const filter of [equal, like, `${equal} AND ${like}`, `${like} AND tags.none IS NULL`])
      expect(await find(filter), filter).toEqual([all]);
    expect(await find(`${like} AND tags.t0 IS NULL`)).toEqual([]);
    expect(await find(`${equal} AND tags.none IS NOT NULL`)).toEqual([]);
    const withDatasets = Array.from({ length: 10 }, () => "dataset.name = 'none'").join(' AND ');
    expect(await find(withDatasets)).toEqual([]);
  });

  it('costs no more for tags, params and metrics at once than for as many conditions on tags', async () => {
    const experimentId = await tracking.experiments.create({ name: 'many runs' });
    await sql`
      INSERT INTO tracking_runs (run_id, experiment_id, name, user_id, status, start_time, lifecycle_stage, artifact_uri)
      SELECT md5(n::text), ${experimentId}::bigint, 'run', 'me', 'FINISHED', n, 'active', 'mlflow-artifacts:/x'
      FROM generate_series(1, 3000) AS n`.execute(database.db);
    const each = sql`FROM generate_series(1, 3000) AS n, generate_series(0, 9) AS at`;
    await sql`INSERT INTO run_tags SELECT md5(n::text), 't' || at, 'v' ${each}`.execute(database.db);
    await sql`INSERT INTO run_params SELECT md5(n::text), 'p' || at, 'v' ${each}`.execute(database.db);
    await sql`
      INSERT INTO run_latest_metrics (run_id, key, step, timestamp, value)
      SELECT md5(n::text), 'm' || at, 0, 1, n ${each}`.execute(database.db);
    await sql`ANALYZE`.execute(database.db);
    const every = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const timeOf = async (conditions: readonly string[]): Promise<number> => {
      const startedMs = performance.now();
      const found = await tracking.runs.search({
        experimentIds: [experimentId],
        filter: conditions.join(' AND '),
        maxResults: 10,
      });
      expect(found.items).toHaveLength(10);
      return performance.now() - startedMs;
    };
    const tags = [...every, ...every, ...every].map((at) => `tags.t${at} LIKE 'v%'`);
    const mixed = every.flatMap((at) => [
      `tags.t${at} LIKE 'v%'`,
      `params.p${at} != 'w'`,
      `metrics.m${at} > 0`,
    ]);
    const best = async (conditions: readonly string[]): Promise<number> =>
      Math.min(await timeOf(conditions), await timeOf(conditions), await timeOf(conditions));
    expect((await best(mixed)) / (await best(tags))).toBeLessThan(5);
  });

  it('is stopped in PostgreSQL when its caller hangs up', async () => {
    await whileLocked(async () => {
      const caller = new AbortController();
      const asking = searchRuns({}, caller.signal);
      await expect.poll(countSearches, { timeout: 20_000 }).toBe(1);
      caller.abort();
      await asking.catch(() => undefined);
      await expect.poll(countSearches, { timeout: 20_000 }).toBe(0);
    });
    expect((await searchRuns({})).status).toBe(200);
  });

  it('is stopped when it takes longer than storage.statementTimeoutMs', async () => {
    const { url } = database;
    const impatient = await openDatabase({
      databaseUrl: url,
      varDir,
      poolSize: 2,
      statementTimeoutMs: 200,
      log: createSilentLogger(),
    });
    try {
      const other = createApp(impatient);
      await whileLocked(async () => {
        const response = await other.request('/api/2.0/mlflow/runs/search', {
          method: 'POST',
          body: JSON.stringify({ experiment_ids: ['0'] }),
          headers: { 'content-type': 'application/json' },
        });
        expect(response.status).toBe(504);
        expect(await response.json()).toMatchObject({
          error_code: 'DEADLINE_EXCEEDED',
          message: expect.stringContaining('storage.statementTimeoutMs') as string,
        });
      });
    } finally {
      await impatient.close();
    }
  });

  const countSearches = async (): Promise<number> => {
    const { rows } = await sql<{ n: number }>`
      SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active' AND query LIKE '/* copyloop %'`.execute(
      database.db,
    );
    return rows[0]?.n ?? 0;
  };

  /** Nobody reads a run meanwhile. */
  const whileLocked = async (body: () => Promise<void>): Promise<void> =>
    await database.db.transaction().execute(async (trx) => {
      await sql`LOCK TABLE tracking_runs IN ACCESS EXCLUSIVE MODE`.execute(trx);
      await body();
    });
});
