/** The pool of PostgreSQL connections when there are too few, and the locks that stay out of it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createLocks, isConnectionLost, openDatabase, type Database } from '../../src/db/index.ts';
import { createBoundedPool } from '../../src/db/bounded-pool.ts';
import { reconcile } from '../../src/workers/upkeep/reconciler.ts';
import { openTestDatabase } from './databases.ts';
import { openHarness } from './pipeline-harness.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(async () => database.close());

describe('a pool whose connections are all in use', () => {
  it('tells who waits for one to try again, and serves them once one is free', async () => {
    const pool = createBoundedPool({ connectionString: database.url, max: 1, connectionTimeoutMillis: 300 });
    try {
      const only = await pool.connect();
      const refusal = {
        code: 'too-busy',
        message: expect.stringMatching(/all 1 PostgreSQL connections .* raise storage\.poolSize/),
      };
      await expect(pool.connect()).rejects.toMatchObject(refusal);
      const query = await pool.query('SELECT 1').catch((error: unknown) => error);
      expect(query).toMatchObject(refusal);
      // Writes of a stage's state are repeated after it, as after a restart of PostgreSQL.
      expect(isConnectionLost(query)).toBe(true);
      only.release();
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    } finally {
      await pool.end();
    }
  });
});

describe('a lock', () => {
  it('is held by one at a time, within a process and among several, however few connections the pool has', async () => {
    const small = await openDatabase({
      databaseUrl: database.url,
      varDir: '',
      poolSize: 1,
      log: createSilentLogger(),
    });
    try {
      let inside = 0;
      const body = async (): Promise<number> => {
        inside += 1;
        expect(inside).toBe(1);
        await small.pool.query('SELECT pg_sleep(0.01)');
        inside -= 1;
        return 7;
      };
      const held = [...Array.from({ length: 12 }, () => small.locks), createLocks(database.url)].map(
        async (locks) => await locks.hold([7, 'model'], body),
      );
      expect(await Promise.all(held)).toEqual(Array.from({ length: 13 }, () => 7));
    } finally {
      await small.close();
    }
  });

  it('that does not become free is refused in a way that may be repeated, and is free after a failure', async () => {
    const [mine, theirs] = [createLocks(database.url), createLocks(database.url, { waitMs: 200 })];
    const busy = { code: 'too-busy', message: expect.stringContaining('others have held the lock 7 of m') };
    await mine.hold([7, 'm'], async () => {
      const waiting = [
        theirs.hold([7, 'm'], () => Promise.resolve()),
        theirs.hold([7, 'm'], () => Promise.resolve()),
      ];
      for (const one of await Promise.allSettled(waiting))
        expect(one).toMatchObject({ status: 'rejected', reason: busy });
    });
    await expect(mine.hold([7, 'm'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await theirs.hold([7, 'm'], () => Promise.resolve('free'))).toBe('free');
    await mine.hold(8, async () => {
      expect(await theirs.tryHold(8, () => Promise.reject(new Error('not reached')))).toBe(false);
    });
    expect(await theirs.tryHold(8, () => Promise.resolve())).toBe(true);
  });
});

it('the reconciler makes its pass with the only connection of the pool', async () => {
  const harness = await openHarness('postgres');
  const single = await openDatabase({
    databaseUrl: harness.database.url,
    varDir: '',
    poolSize: 1,
    log: createSilentLogger(),
  });
  try {
    await harness.runs.startRun({ trigger: 'manual' });
    await reconcile({ database: single, queues: harness.queues, log: createSilentLogger() });
  } finally {
    await single.close();
    await harness.close();
  }
});

it('a pool of one connection is refused with the reason', () => {
  expect(() => loadConfig({ env: {}, overrides: { 'storage.poolSize': 1 } })).toThrow(
    /storage\.poolSize is 1.*: at least 2: with one connection a slow statement keeps \/ready/,
  );
});
