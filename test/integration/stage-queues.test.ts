/**
 * The queues themselves: their names in Redis, whose workers count, the schedule, and a queue that is away
 * for a moment.
 */
import { Registry } from 'prom-client';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { DAY_MS, systemClock } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import {
  applySchedule,
  createRunStarter,
  nextTick,
  openQueueBackend,
  openStageQueues,
} from '../../src/queues/index.ts';
import { addStateMetrics } from '../../src/server/state-metrics.ts';
import { openLink } from '../chaos/link.ts';
import { openHarness, type BackendKind, type Harness } from './pipeline-harness.ts';

/** Port 1, which no test may take. */
const NOBODY_LISTENS = 1;

const open: Harness[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  for (const harness of open.splice(0)) await harness.close();
});

async function start(kind: BackendKind, ...rest: [Parameters<typeof openHarness>[1]?]): Promise<Harness> {
  const harness = await openHarness(kind, ...rest);
  open.push(harness);
  return harness;
}

describe.skipIf(inject('redisUrl') === null)('queues in Redis', () => {
  it('know no workers of another database of the same server', async () => {
    const harness = await start('redis');
    const other = new URL(inject('redisUrl') ?? '');
    // A number that no worker of vitest takes (see `redisOfThisWorker`).
    other.pathname = '/15';
    const { prefix } = harness.config.queues;
    const log = createSilentLogger();
    const backend = await openQueueBackend({ databaseUrl: '', redisUrl: other.href, prefix, log });
    closers.push(() => backend.close());
    const elsewhere = openStageQueues({ backend, config: harness.config.queues, log });
    closers.push(() => elsewhere.close());
    const worker = backend.openWorker('generate-data', () => Promise.resolve({}), { name: 'theirs' });
    closers.push(() => worker.close());
    await worker.waitUntilReady();
    await expect.poll(() => elsewhere.hasWorkers('generate-data'), { timeout: 10_000 }).toBe(true);
    expect(await harness.queues.hasWorkers('generate-data')).toBe(false);
    await harness.openWorkers();
    await expect.poll(() => harness.queues.hasWorkers('generate-data'), { timeout: 10_000 }).toBe(true);
  });

  it('work under a prefix that is a hash tag, as Redis Cluster needs', async () => {
    const harness = await start('redis', { prefix: '{copyloop-test}' });
    await harness.openWorkers();
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    expect((await harness.untilEnded(runId)).status).toBe('succeeded');
  });
});

describe('queues in PostgreSQL', () => {
  it('look for what stalled, whatever a machine whose clock ran two hours ahead has written', async () => {
    const harness = await start('postgres');
    const { backend } = harness.queues;
    const queue = backend.openQueue('clocks');
    closers.push(() => queue.close());
    const settings = { name: 'clocks', lockDuration: 1000, stalledInterval: 250 };
    const lost = backend.openWorker('clocks', () => new Promise(() => undefined), settings);
    closers.push(() => lost.close(true));
    const job = await queue.add('stall', {});
    await expect.poll(() => job.getState(), { timeout: 10_000 }).toBe('active');
    await lost.close(true);

    const { pool } = harness.database;
    const ahead = Date.now() + 7_200_000;
    const setAhead = async (): Promise<void> => {
      await pool.query(`UPDATE bullmq.job SET locked_until_ms = ${ahead} WHERE queue = 'clocks'`);
      await pool.query(
        `INSERT INTO bullmq.meta (queue, field, value) VALUES ('clocks', 'stalled-check', '${ahead}')
         ON CONFLICT (queue, field) DO UPDATE SET value = EXCLUDED.value`,
      );
    };
    await setAhead();
    const done: unknown[] = [];
    const worker = backend.openWorker('clocks', ({ id }) => Promise.resolve(done.push(id)), settings);
    closers.push(() => worker.close());
    await worker.waitUntilReady();
    expect(await backend.correctTimes(1000)).toBe(2);
    await expect.poll(() => done, { timeout: 10_000 }).toEqual([job.id]);
    expect(await backend.correctTimes(1000)).toBe(0);
  });

  it('try again when a retry is due by the clock of the database', async () => {
    const harness = await start('postgres');
    const { backend } = harness.queues;
    const queue = backend.openQueue('retries');
    closers.push(() => queue.close());
    const retry = await queue.add('retry', {}, { delay: 5000 });
    await harness.database.pool.query(
      `UPDATE bullmq.job SET process_at_ms = process_at_ms + 7200000 WHERE queue = 'retries'`,
    );
    expect(await backend.correctTimes(1000)).toBe(1);
    const { rows } = await harness.database.pool.query<{ ahead: number }>(
      `SELECT process_at_ms - ${retry.timestamp} AS ahead FROM bullmq.job WHERE queue = 'retries'`,
    );
    expect(Number(rows[0]?.ahead)).toBeLessThan(600_000);
  });
});

const backends: BackendKind[] = ['postgres', 'redis'];
describe.each(backends)('queues on %s', (kind) => {
  const hasServer = kind === 'postgres' || inject('redisUrl') !== null;

  it.skipIf(!hasServer)(
    'keep a tick that came while no worker was there: it is one run, at once',
    async () => {
      // Every second; many ticks are missed, as many midnights may be.
      const schedule = { enabled: true, cron: '* * * * * *', timeZone: 'UTC' };
      const harness = await start(kind, { schedule });
      const missed = await applySchedule(harness.queues, schedule);
      const missedMs = missed?.getTime() ?? NaN;
      await expect.poll(() => Date.now(), { timeout: 20_000 }).toBeGreaterThan(missedMs + 3000);
      // As a process does that starts after the outage.
      expect(await applySchedule(harness.queues, schedule)).toEqual(missed);
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      await harness.openWorkers({
        'generate-data': async () => {
          await released;
          throw new Error('enough is seen');
        },
      });
      const ticks = async () =>
        await harness.database.db.selectFrom('schedule_ticks').selectAll().orderBy('slot').execute();
      await expect.poll(async () => (await ticks()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
      const [first, second] = await ticks();
      expect(first).toMatchObject({ slot: missed, outcome: 'started' });
      // The ticks between it and the start of the worker are not made up for.
      expect(second?.slot.getTime()).toBeGreaterThan(missedMs + 3000);
      await applySchedule(harness.queues, { ...schedule, enabled: false });
      release();
    },
  );

  it.skipIf(!hasServer)('are told to have missed a tick, also by a schedule that never ticked', async () => {
    const startedAt = new Date();
    // Half a day away, so that no tick falls into the test.
    const cron = `0 ${(startedAt.getUTCHours() + 12) % 24} * * *`;
    const schedule = { enabled: true, cron, timeZone: 'UTC' };
    const { database, queues, config } = await start(kind, { schedule });
    const overdueAfter = async (days: number, since = startedAt): Promise<number> => {
      const nowMs = startedAt.getTime() + days * DAY_MS;
      const clock = { ...systemClock, now: () => new Date(nowMs), nowMs: () => nowMs };
      const registry = new Registry();
      const source = { db: database.db, queues: queues.queues, config, clock, startedAt: since };
      addStateMetrics(registry, () => source, createSilentLogger());
      const metric = await registry.getSingleMetric('copyloop_schedule_overdue_seconds')?.get();
      return (metric?.values[0]?.value ?? NaN) / 86_400;
    };
    expect(await overdueAfter(0)).toBe(0);
    const unset = await overdueAfter(3);
    expect([unset > 2, unset <= 3]).toEqual([true, true]);
    // A process that has just started finds what waits in the queue.
    await applySchedule(queues, schedule);
    expect(await overdueAfter(3, new Date(startedAt.getTime() + 3 * DAY_MS))).toBeCloseTo(unset, 6);
    expect(await overdueAfter(0)).toBe(0);
  });

  it.skipIf(!hasServer)('work again when the very first of their connections has broken', async () => {
    const harness = await start(kind);
    const { prefix } = harness.config.queues;
    const near = new URL(harness.redisUrl ?? harness.database.url);
    const link = await openLink(Number(near.port));
    closers.push(() => link.close());
    const far = new URL(near);
    far.port = String(link.port);
    // The directory of a socket.
    far.search = '';
    const redisUrl = harness.redisUrl === null ? null : far.href;
    const log = createSilentLogger();
    const backend = await openQueueBackend({ databaseUrl: far.href, redisUrl, prefix, log });
    closers.push(() => backend.close());

    link.leadTo(NOBODY_LISTENS);
    link.cut()('reset');
    const queues = openStageQueues({ backend, config: harness.config.queues, log });
    closers.push(() => queues.close());
    const work = { ownerId: '0192f0c1-2345-7abc-8def-0123456789ab', stage: 'generate-data', part: '' };
    const stateOf = () => queues.stateOf(work).catch((error: unknown) => `failed: ${String(error)}`);
    const enqueue = () => queues.enqueue(work).catch((error: unknown) => `failed: ${String(error)}`);
    if (kind === 'postgres') expect([await stateOf(), await enqueue()].join()).toMatch(/failed.*failed/);
    link.leadTo(Number(near.port));
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('unknown');
    await expect.poll(enqueue, { timeout: 20_000 }).toBe(undefined);
    expect(await stateOf()).toBe('waiting');
  });

  it.skipIf(!hasServer)('are set anew for a schedule that was changed', async () => {
    const schedule = { enabled: true, cron: '0 0 1 1 *', timeZone: 'UTC' };
    const harness = await start(kind, { schedule });
    await applySchedule(harness.queues, schedule);
    const next = await applySchedule(harness.queues, { ...schedule, timeZone: 'Asia/Tokyo' });
    expect(next?.getUTCHours()).toBe(15);
    expect(await nextTick(harness.queues)).toEqual(next);
  });

  it.skipIf(!hasServer)(
    'that refuse a run for a moment are waited for, and leave no failed run',
    async () => {
      const harness = await start(kind);
      const { database, config, queues } = harness;
      let refusals = 3;
      const waking = {
        ...queues,
        enqueue: async (...work: Parameters<typeof queues.enqueue>) => {
          if (refusals > 0) {
            refusals -= 1;
            throw new Error("Stream isn't writeable and enableOfflineQueue options is false");
          }
          await queues.enqueue(...work);
        },
      };
      const runs = createRunStarter({ database, queues: waking, config, clock: systemClock });
      const { runId } = await runs.startRun({ trigger: 'manual' });
      expect(await database.db.selectFrom('pipeline_runs').select(['id', 'status']).execute()).toEqual([
        { id: runId, status: 'active' },
      ]);
    },
  );
});
