/** Tracking and registry in PostgreSQL: the conformance suite, and what only this backend promises. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS, systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openListener, type Database, type Db } from '../../src/db/index.ts';
import {
  ALIAS_CHANNEL,
  artifactKeyOf,
  createArtifactStore,
  createPostgresTrackingStore,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { createRouter, handleError } from '../../src/server/http/index.ts';
import { createTrackingRoutes } from '../../src/server/routes/tracking.ts';
import { describeTrackingStore } from '../tracking/tracking-store-cases.ts';
import { openTestDatabase } from './databases.ts';

let database: Database;
let store: TrackingStore;
beforeAll(async () => {
  database = await openTestDatabase();
  store = createPostgresTrackingStore(database.db);
});
afterAll(async () => await database.close());

describe('the tracking store in PostgreSQL', () => {
  describeTrackingStore(async () => store);

  it('keeps NaN and the infinities, sorts NaN behind numbers, and matches no filter with it', async () => {
    const experimentId = await store.experiments.create({ name: 'odd numbers' });
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-310, 0.1];
    for (const [i, value] of values.entries()) {
      const { runId } = await store.runs.create({ experimentId, name: String(i), startTimeMs: i });
      await store.runs.logBatch(runId, { metrics: [{ key: 'm', value, timestampMs: 1, step: 0 }] });
      expect((await store.runs.get(runId)).metrics[0]?.value).toBe(value);
    }
    const search = async (filter: string, orderBy: string[], maxResults = 50) => {
      const names: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await store.runs.search({
          experimentIds: [experimentId],
          filter,
          orderBy,
          maxResults,
          pageToken,
        });
        names.push(...page.items.map((run) => run.name));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      return names;
    };
    for (const maxResults of [1, 2, 50]) {
      expect(await search('', ['metrics.m DESC'], maxResults)).toEqual(['1', '4', '3', '2', '0']);
      expect(await search('', ['metrics.m ASC'], maxResults)).toEqual(['2', '3', '4', '1', '0']);
    }
    expect(await search('metrics.m > 0.05', ['metrics.m ASC'])).toEqual(['4', '1']);
  });

  it('writes nothing of a batch that it refuses', async () => {
    const { runId } = await store.runs.create({ experimentId: '0' });
    await store.runs.logBatch(runId, { params: [{ key: 'a', value: '1' }] });
    const batch = {
      params: [
        { key: 'b', value: '1' },
        { key: 'a', value: '2' },
      ],
      metrics: [{ key: 'm', value: 1, timestampMs: 1, step: 0 }],
      tags: [{ key: 't', value: '1' }],
    };
    await expect(store.runs.logBatch(runId, batch)).rejects.toThrow(
      "Param with key='a' was already logged with value='1'",
    );
    const run = await store.runs.get(runId);
    expect([run.params, run.metrics, run.tags['t']]).toEqual([{ a: '1' }, [], undefined]);
  });

  it('lets one of many win who log a param at once, and tells the others', async () => {
    const { runId } = await store.runs.create({ experimentId: '0' });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        store.runs.logBatch(runId, { params: [{ key: 'p', value: String(i) }] }),
      ),
    );
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('numbers versions without gap or double under concurrent registration', async () => {
    await store.registry.createModel({ name: 'crowded' });
    const versions = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        store.registry.createVersion({ name: 'crowded', source: 's', pipelineRunId: `r-${i % 6}` }),
      ),
    );
    expect([...new Set(versions.map((version) => version.version))].toSorted((a, b) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it('announces every move of an alias when it is committed', async () => {
    await store.registry.createModel({ name: 'announced' });
    await store.registry.createVersion({ name: 'announced', source: 's' });
    const heard: string[] = [];
    const onNotify = (payload: string) => {
      heard.push(payload);
    };
    const { url } = database;
    const listener = await openListener({ url, channel: ALIAS_CHANNEL, log: createSilentLogger(), onNotify });
    try {
      await expect.poll(() => heard).toContain('');
      const why = { movedBy: 'test', reason: 'news' };
      await store.registry.setAlias('announced', 'champion', 1, why);
      await store.registry.setAlias('announced', 'champion', 1, why);
      await store.registry.deleteVersion('announced', 1);
      await expect.poll(() => heard).toHaveLength(3);
      expect(heard.slice(1).map((payload) => JSON.parse(payload) as unknown)).toEqual([
        { name: 'announced', alias: 'champion', version: 1 },
        { name: 'announced', alias: 'champion', version: null },
      ]);
    } finally {
      await listener.close();
    }
  });

  it('treats every text of a filter as a value, never as SQL', async () => {
    const experimentId = await store.experiments.create({ name: 'injection' });
    const { runId } = await store.runs.create({ experimentId });
    const evil = `x'; DROP TABLE experiments; --`;
    await store.runs.logBatch(runId, { params: [{ key: 'p', value: evil }] });
    const filter = `params.p = '${evil.replaceAll("'", "''")}'`;
    expect((await store.runs.search({ experimentIds: [experimentId], filter })).items).toHaveLength(1);
    for (const key of ['p" OR 1=1 --', "p' OR '1'='1", 'p) OR (1=1']) {
      const found = await store.runs.search({
        experimentIds: [experimentId],
        filter: `params.\`${key}\` = 'x'`,
      });
      expect(found.items).toEqual([]);
      await store.runs.search({ experimentIds: [experimentId], orderBy: [`params.\`${key}\` DESC`] });
    }
    const escape = await store.runs.search({
      experimentIds: [experimentId],
      filter: String.raw`params.p LIKE '%\'`,
    });
    expect(escape.items).toEqual([]);
  });

  it('refuses page tokens of other searches and made-up ones', async () => {
    const experimentId = await store.experiments.create({ name: 'tokens' });
    for (let i = 0; i < 3; i += 1) await store.runs.create({ experimentId });
    const { nextPageToken } = await store.runs.search({ experimentIds: [experimentId], maxResults: 1 });
    const forged = Buffer.from('{"o":"x","v":["1"]}').toString('base64url');
    const typed = Buffer.from(
      Buffer.from(nextPageToken ?? '', 'base64url')
        .toString()
        .replace(/"v":\["\d+"/, '"v":["abc"'),
    ).toString('base64url');
    for (const options of [
      { pageToken: nextPageToken, orderBy: ['start_time ASC'] },
      { pageToken: 'nonsense' },
      { pageToken: forged },
      { pageToken: typed },
    ])
      await expect(store.runs.search({ experimentIds: [experimentId], ...options })).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringContaining('Invalid page token'),
      });
  });

  it('finds runs by their datasets', async () => {
    const experimentId = await store.experiments.create({ name: 'by dataset' });
    const { runId } = await store.runs.create({ experimentId });
    await store.runs.create({ experimentId });
    const dataset = { name: 'reviews', digest: 'd1', sourceType: 'local', source: '{}' };
    await store.runs.logInputs(runId, { datasets: [{ dataset, tags: { 'mlflow.data.context': 'eval' } }] });
    const find = async (filter: string) =>
      (await store.runs.search({ experimentIds: [experimentId], filter })).items.map((run) => run.runId);
    expect(await find("datasets.name = 'reviews'")).toEqual([runId]);
    expect(await find("dataset.digest = 'd1' AND datasets.context = 'eval'")).toEqual([runId]);
    expect(await find("datasets.context = 'training'")).toEqual([]);
  });
});

describe('values of a run that is deleted meanwhile', () => {
  const batch = {
    metrics: [{ key: 'm', value: 1, timestampMs: 1, step: 0 }],
    params: [{ key: 'p', value: '1' }],
    tags: [{ key: 't', value: '1' }],
  };
  const remove = (db: Db, runId: string) =>
    db.deleteFrom('tracking_runs').where('run_id', '=', runId).execute();
  const countValues = async (runId: string) => {
    const tables = ['run_metrics', 'run_latest_metrics', 'run_params', 'run_tags'] as const;
    const rows = await Promise.all(
      tables.map((table) =>
        database.db.selectFrom(table).select('key').where('run_id', '=', runId).execute(),
      ),
    );
    return rows.flat().length;
  };
  /** Until one backend of this database waits for the lock that another holds. */
  const waitForBlocked = async () => {
    await expect
      .poll(async () => {
        const { rows } =
          await sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(
            database.db,
          );
        return rows.length;
      })
      .toBe(1);
  };

  it('go with the run when they were first', async () => {
    const { runId } = await store.runs.create({ experimentId: '0' });
    const removal = await database.db.transaction().execute(async (trx) => {
      await createPostgresTrackingStore(trx).runs.logBatch(runId, batch);
      const removing = remove(database.db, runId);
      await waitForBlocked();
      return { removing };
    });
    await removal.removing;
    expect(await countValues(runId)).toBe(0);
  });

  it('are refused when the deletion was first', async () => {
    const { runId } = await store.runs.create({ experimentId: '0' });
    const logged = await database.db.transaction().execute(async (trx) => {
      await remove(trx, runId);
      const logging = store.runs.logBatch(runId, batch).then(
        () => undefined,
        (error: unknown) => error,
      );
      await waitForBlocked();
      return { logging };
    });
    expect(await logged.logging).toMatchObject({ code: 'not-found' });
    expect(await countValues(runId)).toBe(0);
  });
});

describe('retention', () => {
  it('deletes old runs with their artifacts, but none that a model version came from', async () => {
    const varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-retention-'));
    try {
      const artifacts = createArtifactStore({ ...loadConfig({ env: {} }).config.storage, varDir });
      const createApp = (remoteUri: string | null) => {
        const app = createRouter();
        app.onError(handleError);
        app.use((c, next) => {
          c.set('log', createSilentLogger());
          return next();
        });
        const options = { db: database.db, artifacts, tracking: store, clock: systemClock };
        return app.route('/', createTrackingRoutes({ ...options, remoteUri }));
      };
      const ours = createApp(null);
      const ask = async (method: string, where: string, body?: object) => {
        const headers = { 'content-type': 'application/json' };
        const response = await ours.request(where, { method, headers, body: JSON.stringify(body) });
        return { status: response.status, body: await response.json() };
      };
      const experimentId = await store.experiments.create({ name: 'retention' });
      const now = systemClock.nowMs();
      const made = async (ageDays: number) => {
        const run = await store.runs.create({ experimentId, startTimeMs: now - ageDays * DAY_MS });
        await store.runs.update(run.runId, { status: 'FINISHED', endTimeMs: now - ageDays * DAY_MS });
        await store.runs.logBatch(run.runId, { metrics: [{ key: 'm', value: 1, timestampMs: 1, step: 0 }] });
        await artifacts.put(artifactKeyOf(run.artifactUri, 'model/x'), 'x');
        return run;
      };
      const [old, registered, young, unwanted] = [
        await made(40),
        await made(40),
        await made(2),
        await made(2),
      ];
      await store.registry.createModel({ name: 'kept' });
      await store.registry.createVersion({
        name: 'kept',
        source: registered.artifactUri,
        runId: registered.runId,
      });
      expect(await ask('POST', '/tracking/retention', { days: 30, experiment: 'retention' })).toEqual({
        status: 200,
        body: { status: 'success', deleted: 1 },
      });
      expect((await ask('POST', '/tracking/retention', { days: 30, experiment: 'none' })).status).toBe(404);
      expect((await ask('DELETE', `/tracking/runs/${unwanted.runId}`)).status).toBe(200);
      expect((await ask('DELETE', `/tracking/runs/${unwanted.runId}`)).status).toBe(404);
      expect(await ask('DELETE', `/tracking/runs/${registered.runId}`)).toMatchObject({
        status: 409,
        body: { error: { message: expect.stringContaining('version 1 of kept') } },
      });
      const elsewhere = createApp('http://127.0.0.1:5000');
      expect((await elsewhere.request(`/tracking/runs/${young.runId}`, { method: 'DELETE' })).status).toBe(
        501,
      );
      for (const run of [old, unwanted]) {
        await expect(store.runs.get(run.runId)).rejects.toMatchObject({ code: 'not-found' });
        expect(await artifacts.list(artifactKeyOf(run.artifactUri))).toEqual([]);
      }
      const left = await sql<{
        n: number;
      }>`SELECT count(*) AS n FROM run_metrics WHERE run_id = ${old.runId}`.execute(database.db);
      expect(left.rows[0]?.n).toBe(0);
      for (const run of [registered, young])
        expect(await artifacts.list(artifactKeyOf(run.artifactUri))).toHaveLength(1);
    } finally {
      await rm(varDir, { recursive: true, force: true });
    }
  });
});
