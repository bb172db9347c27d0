/** The runtime of the stages, on both backends alike, with handlers that do only what the case needs. */
import { afterEach, describe, expect, inject, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { sleep, systemClock } from '../../src/core/clock.ts';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import {
  applySchedule,
  beginAttempt,
  createRunStarter,
  keyOf,
  nextTick,
  planReplay,
  queueJobId,
  RUN,
  stageSettings,
  type RunView,
  type StageQueues,
  type WorkKey,
} from '../../src/queues/index.ts';
import { artifactKeyOf, createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { createRunHandlers, reconcile } from '../../src/workers/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { isConnectionLost } from '../../src/db/index.ts';
import { IDLE_RAW, idleHandlers } from '../../fixtures/idle-handlers.ts';
import { openHarness, type BackendKind, type Harness } from './pipeline-harness.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

const backends: BackendKind[] = ['postgres', 'redis'];

const work = (stage: string, ownerId: string, part = ''): WorkKey => ({ ownerId, stage, part });

/** As a Redis that comes back empty, or queue tables that were restored from nothing. */
async function loseQueues({ database, redisUrl }: Harness): Promise<void> {
  if (redisUrl !== null) {
    const redis = new Redis(redisUrl);
    await redis.flushdb();
    redis.disconnect();
    return;
  }
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT 'bullmq.' || quote_ident(tablename) AS name FROM pg_tables
     WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%'`,
  );
  await database.pool.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')} CASCADE`);
}

describe.each(backends)('stages on %s', (kind) => {
  const hasServer = kind === 'postgres' || inject('redisUrl') !== null;
  const start = async (
    ...options: Parameters<typeof openHarness> extends [unknown, ...infer R] ? R : never
  ) => {
    const harness = await openHarness(kind, ...options);
    open.push(harness);
    return harness;
  };

  it.skipIf(!hasServer)('pass one after the other and close the run', async () => {
    const harness = await start();
    await harness.openWorkers();
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.status).toBe('succeeded');
    expect(run.stages.map(({ stage, status, attempts }) => [stage, status, attempts.length])).toEqual([
      ['generate-data', 'succeeded', 1],
      ['version-data', 'succeeded', 1],
      ['train-model', 'succeeded', 1],
      ['register-model', 'succeeded', 1],
      ['summarize-run', 'succeeded', 1],
    ]);
  });

  it.skipIf(!hasServer)('start once when twenty ask at the same time', async () => {
    const harness = await start();
    const asked = await Promise.allSettled(
      Array.from({ length: 20 }, () => harness.runs.startRun({ trigger: 'manual' })),
    );
    const started = asked.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value.runId);
    const refused = asked
      .filter((outcome) => outcome.status === 'rejected')
      .map(({ reason }) => reason as AppError);
    expect(started).toHaveLength(1);
    expect(refused.map(({ code, details }) => [code, details['activeRunId']])).toEqual(
      Array.from({ length: 19 }, () => ['conflict', started[0]]),
    );
  });

  it.skipIf(!hasServer)(
    'do not begin for a candidate that its recipe refuses, however it is asked for',
    async () => {
      const harness = await start();
      const candidates = [{ name: 'typo', recipe: 'full' as const, seed: 1, settings: { learnRate: 1 } }];
      const refusal = { code: 'invalid-config', message: /"typo" cannot be trained: .*learnRate/ };
      await expect(
        harness.runs.startRun({ trigger: 'manual', request: { candidates } }),
      ).rejects.toMatchObject(refusal);
      harness.config.pipeline = { ...harness.config.pipeline, candidates };
      await expect(harness.runs.startScheduledRun(new Date(0))).rejects.toMatchObject(refusal);
      const { db } = harness.database;
      expect(await db.selectFrom('pipeline_runs').select('id').execute()).toEqual([]);
      expect(await db.selectFrom('schedule_ticks').select('slot').execute()).toEqual([]);
    },
  );

  it.skipIf(!hasServer)('are tried again after an error that may pass, with a growing delay', async () => {
    const harness = await start();
    let calls = 0;
    await harness.openWorkers({
      'version-data': async (payload, context) => {
        calls += 1;
        if (calls < 3) throw new Error('a hiccup');
        return await idleHandlers['version-data'](payload, context);
      },
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.status).toBe('succeeded');
    const attempts = run.stages[1]?.attempts ?? [];
    expect(attempts.map(({ outcome, error }) => [outcome, error?.message])).toEqual([
      ['failed', 'a hiccup'],
      ['failed', 'a hiccup'],
      ['succeeded', undefined],
    ]);
  });

  it.skipIf(!hasServer)(
    'begin anew where an attempt of a worker that nobody hears took the work away, also from their last one',
    async () => {
      const harness = await start({ queues: { attempts: 1 } });
      let calls = 0;
      await harness.openWorkers({
        'train-model': async (payload, context) => {
          calls += 1;
          // As a message does that waited on a broken link while its worker lost the job.
          if (calls <= 2)
            await beginAttempt(harness.database.pool, RUN, keyOf(RUN, 'train-model', payload), 'far away');
          // What it says of work that is no longer its own does not count.
          if (calls === 2) throw new AppError('bad-data', 'nothing usable is left');
          return await idleHandlers['train-model'](payload, context);
        },
      });
      const { runId } = await harness.runs.startRun({ trigger: 'manual' });
      const run = await harness.untilEnded(runId);
      expect(run.status).toBe('succeeded');
      const training = run.stages.find(({ stage }) => stage === 'train-model');
      expect(training?.status).toBe('succeeded');
      expect(training?.attempts.map(({ outcome }) => outcome)).toEqual([
        ...Array.from({ length: 4 }, () => 'lost'),
        'succeeded',
      ]);
    },
  );

  it.skipIf(!hasServer)('fail for good when the attempts are used up, and free the slot', async () => {
    const harness = await start();
    await harness.openWorkers({ 'register-model': () => Promise.reject(new Error('never works')) });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.status).toBe('failed');
    expect(run.error).toMatchObject({ stage: 'register-model', message: 'never works' });
    expect(run.stages[3]?.attempts).toHaveLength(
      stageSettings(RUN, 'register-model', harness.config.queues).attempts,
    );
    await harness.runs.startRun({ trigger: 'manual' });
  });

  it.skipIf(!hasServer)('are not tried again after an error of the data', async () => {
    const harness = await start();
    await harness.openWorkers({
      'generate-data': () => Promise.reject(new AppError('bad-data', 'nothing usable is left')),
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.error).toEqual({
      code: 'bad-data',
      message: 'nothing usable is left',
      stage: 'generate-data',
    });
    expect(run.stages[0]?.attempts).toHaveLength(1);
  });

  it.skipIf(!hasServer)('go on with the candidates that finished when others failed for good', async () => {
    const harness = await start({ candidates: ['good', 'bad', 'worse'] });
    let seen: unknown;
    await harness.openWorkers({
      'train-model': async (payload, context) => {
        if (payload.candidate !== 'good') throw new AppError('diverged', 'the loss is NaN');
        return await idleHandlers['train-model'](payload, context);
      },
      'register-model': async (payload, context) => {
        seen = (await context.outcomesOf('train-model')).map(({ part, status }) => [part, status]);
        return await idleHandlers['register-model'](payload, context);
      },
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    expect((await harness.untilEnded(runId)).status).toBe('succeeded');
    expect(seen).toEqual([
      ['good', 'succeeded'],
      ['bad', 'failed'],
      ['worse', 'failed'],
    ]);
  });

  it.skipIf(!hasServer)('are stopped by their timer', async () => {
    const harness = await start({ queues: { attempts: 1 }, timeoutMs: 100 });
    await harness.openWorkers({
      'generate-data': async (_payload, { signal }) => {
        await sleep(60_000, signal);
        throw new Error('not reached');
      },
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.error?.code).toBe('timed-out');
    expect(run.stages[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['timed-out']);
  });

  it.skipIf(!hasServer)('are stopped when the run is cancelled, whose slot is free at once', async () => {
    const harness = await start();
    let stopped = false;
    let begun = false;
    await harness.openWorkers({
      'generate-data': async (_payload, { signal }) => {
        begun = true;
        await sleep(60_000, signal).catch(() => (stopped = true));
        throw new Error('stopped');
      },
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await expect.poll(() => begun, { timeout: 10_000 }).toBe(true);
    await harness.runs.cancelRun(runId);
    expect((await harness.getRun(runId)).status).toBe('cancelled');
    await expect.poll(() => stopped, { timeout: 10_000 }).toBe(true);
    await expect
      .poll(async () => (await harness.getRun(runId)).stages[0]?.attempts[0]?.outcome, { timeout: 10_000 })
      .toBe('cancelled');
    await expect(harness.runs.cancelRun(runId)).rejects.toMatchObject({ code: 'conflict' });
  });

  it.skipIf(!hasServer)('are handed back when their worker closes, and finish on another', async () => {
    const harness = await start();
    let calls = 0;
    const handler: (typeof idleHandlers)['generate-data'] = async (payload, context) => {
      calls += 1;
      if (calls === 1) await sleep(60_000, context.signal);
      return await idleHandlers['generate-data'](payload, context);
    };
    const first = await harness.openWorkers({ 'generate-data': handler }, { drainMs: 50 });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await expect.poll(() => calls, { timeout: 10_000 }).toBe(1);
    await first.close();
    expect((await harness.getRun(runId)).stages[0]?.status).toBe('retrying');
    await harness.openWorkers({ 'generate-data': handler });
    const run = await harness.untilEnded(runId);
    expect(run.status).toBe('succeeded');
    expect(run.stages[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['handed-back', 'succeeded']);
  });

  it.skipIf(!hasServer)('run once though their job is added twice', async () => {
    const harness = await start();
    let calls = 0;
    await harness.openWorkers({
      'version-data': async (payload, context) => {
        calls += 1;
        await harness.queues.enqueue(work('version-data', payload.runId));
        return await idleHandlers['version-data'](payload, context);
      },
      'summarize-run': async (payload, context) => {
        await harness.queues.enqueue(work('version-data', payload.runId));
        return await idleHandlers['summarize-run'](payload, context);
      },
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    expect((await harness.untilEnded(runId)).status).toBe('succeeded');
    expect(calls).toBe(1);
  });

  it.skipIf(!hasServer)(
    'are revived when a worker died after it committed and before it handed on',
    async () => {
      const harness = await start();
      const { pool } = harness.database;
      const { runId } = await harness.runs.startRun({ trigger: 'manual' });
      // What such a death leaves: the result of generate-data, and its job still on its way.
      await pool.query(
        `INSERT INTO stage_states (run_id, stage, status, worker_id, result, finished_at)
       VALUES ($1, 'generate-data', 'succeeded', 'dead', $2::jsonb, now())`,
        [runId, JSON.stringify(IDLE_RAW)],
      );
      await reconcile({ database: harness.database, queues: harness.queues, log: createSilentLogger() });
      expect(await harness.queues.stateOf(work('version-data', runId))).toBe('waiting');
      await harness.openWorkers();
      expect((await harness.untilEnded(runId)).status).toBe('succeeded');
    },
  );

  it.skipIf(!hasServer)(
    'go on, and so does the schedule, when the queues are lost before they begin',
    async () => {
      const schedule = { enabled: true, cron: '0 0 1 1 *', timeZone: 'UTC' };
      const harness = await start({ schedule });
      const { runId } = await harness.runs.startRun({ trigger: 'manual' });
      const next = await applySchedule(harness.queues, schedule);
      await loseQueues(harness);
      expect(await nextTick(harness.queues)).toBeUndefined();
      await harness.openWorkers();
      const run = await harness.untilEnded(runId);
      expect(run.error).toBeNull();
      expect(run.status).toBe('succeeded');
      await expect.poll(() => nextTick(harness.queues), { timeout: 20_000 }).toEqual(next);
    },
  );

  it.skipIf(!hasServer)('go on when the queues are lost while candidates are being trained', async () => {
    const harness = await start({ candidates: ['one', 'two'] });
    let lost = false;
    await harness.openWorkers(
      {
        'train-model': async (payload, context) => {
          if (payload.candidate === 'two' && !lost) {
            const isTrained = async (): Promise<boolean> =>
              (await harness.getRun(context.run.id)).stages.some(
                ({ candidate, status }) => candidate === 'one' && status === 'succeeded',
              );
            while (!(await isTrained())) await sleep(20);
            lost = true;
            await loseQueues(harness);
            // As a training does that goes on without its queue, until its lock is found to be lost.
            await sleep(60_000, context.signal);
          }
          return await idleHandlers['train-model'](payload, context);
        },
      },
      { concurrency: 2 },
    );
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.error).toBeNull();
    expect(run.status).toBe('succeeded');
    const trained = run.stages.filter(({ stage }) => stage === 'train-model');
    expect(trained.map(({ candidate, status, attempts }) => [candidate, status, attempts.length])).toEqual([
      ['one', 'succeeded', 1],
      ['two', 'succeeded', 2],
    ]);
  });

  it.skipIf(!hasServer)('are closed when their queues are emptied again and again', async () => {
    const harness = await start();
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const { database, queues } = harness;
    for (let pass = 0; pass < 6; pass += 1) {
      expect((await harness.getRun(runId)).status).toBe('active');
      for (const queue of queues.queues.values()) await queue.obliterate({ force: true });
      await reconcile({ database, queues, log: createSilentLogger() });
    }
    const run = await harness.getRun(runId);
    expect(run.status).toBe('failed');
    expect(run.error?.message).toContain('gone from the queues again');
    await harness.runs.startRun({ trigger: 'manual' });
  });

  it.skipIf(!hasServer)('of a candidate whose job was deleted leave the run to the others', async () => {
    const harness = await start({ candidates: ['one', 'two'] });
    await harness.openWorkers({}, { stages: ['generate-data', 'version-data'] });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await expect
      .poll(() => harness.queues.stateOf(work('train-model', runId, 'two')), { timeout: 10_000 })
      .toBe('waiting');
    await harness.queues.remove(work('train-model', runId, 'two'));
    await harness.openWorkers();
    const run = await harness.untilEnded(runId);
    expect(run.status).toBe('succeeded');
    const [one, two] = run.stages.filter(({ stage }) => stage === 'train-model');
    expect(one?.status).toBe('succeeded');
    // The reconciler marks it as failed, unless the run, freed by the deletion, ends sooner.
    expect(['failed', 'cancelled']).toContain(two?.status);
  });

  it.skipIf(!hasServer)('replay under a new id with the same options', async () => {
    const harness = await start();
    await harness.openWorkers();
    const first = await harness.runs.startRun({
      trigger: 'manual',
      request: { source: { count: 7, seed: 9 } },
    });
    const original = await harness.untilEnded(first.runId);
    const second = await harness.runs.replayRun(first.runId);
    const replay = await harness.untilEnded(second.runId);
    expect(replay.id).not.toBe(original.id);
    expect(replay).toMatchObject({ trigger: 'replay', replayOf: original.id, status: 'succeeded' });
    expect(replay.options).toEqual(original.options);
  });

  it.skipIf(!hasServer)(
    'replay from any stage with what those before it left, other options and all',
    async () => {
      const harness = await start({ candidates: ['head', 'other'] });
      const { database, services } = harness;
      const { db } = database;
      const { artifacts } = services;
      const real = createRunHandlers({ tracking: createPostgresTrackingStore(db) });
      const done: string[] = [];
      const uri = (runId: string, name: string): string =>
        `mlflow-artifacts:/0/${runId}-${name}/artifacts/model`;
      let isBroken = true;
      await harness.openWorkers({
        'generate-data': real['generate-data'],
        'version-data': real['version-data'],
        'train-model': async ({ runId, candidate }) => {
          done.push(`train ${candidate}`);
          if (candidate === 'other') throw new AppError('bad-data', 'cannot be trained');
          const modelUri = uri(runId, candidate);
          await artifacts.put(artifactKeyOf(modelUri, 'config.json'), '{}');
          return { trackingRunId: candidate, modelUri, validation: {} };
        },
        'register-model': async (payload, context) => {
          const outcomes = await context.outcomesOf('train-model');
          done.push(`register ${outcomes.map(({ part, status }) => `${part} ${status}`).join(', ')}`);
          if (isBroken) throw new AppError('bad-data', 'a broken gate');
          return await idleHandlers['register-model'](payload, context);
        },
      });
      const source = { kind: 'synthetic', count: 60, seed: 3 } as const;
      const { runId } = await harness.runs.startRun({ trigger: 'manual', request: { source } });
      const original = await harness.untilEnded(runId);
      expect(original.status).toBe('failed');
      isBroken = false;
      const replay = async (
        of: string,
        ...[request]: [Parameters<typeof planReplay>[2]]
      ): Promise<RunView> => {
        done.length = 0;
        const plan = await planReplay({ db, artifacts }, of, request, false);
        return await harness.untilEnded((await harness.runs.replayRun(of, plan)).runId);
      };

      const registered = await replay(runId, { from: 'register-model' });
      expect(registered).toMatchObject({ status: 'succeeded', replayOf: runId, options: original.options });
      expect(done).toEqual(['register head succeeded, other failed']);
      expect(registered.stages.map(({ adoptedFrom, attempts }) => [adoptedFrom, attempts.length])).toEqual([
        ...Array.from({ length: 4 }, () => [runId, 0]),
        [null, 1],
        [null, 1],
      ]);
      expect(registered.stages.slice(0, 3).map(({ result }) => result)).toEqual(
        original.stages.slice(0, 3).map(({ result }) => result),
      );

      const candidates = [{ name: 'third', recipe: 'head' as const, seed: 4, settings: {} }];
      const trained = await replay(registered.id, { from: 'train-model', options: { candidates } });
      expect(trained).toMatchObject({ status: 'succeeded', options: { candidates } });
      expect(done).toEqual(['train third', 'register third succeeded']);
      expect(trained.stages[1]?.result).toEqual(original.stages[1]?.result);

      await expect(
        replay(runId, { from: 'train-model', options: { source: { seed: 4 } } }),
      ).rejects.toMatchObject({
        code: 'invalid-input',
        details: { field: 'options.source' },
      });
      await expect(replay(runId, { from: 'summarize-run' })).rejects.toMatchObject({
        code: 'conflict',
        message: /register-model has left no result, it is failed/,
      });
      await artifacts.deletePrefix(artifactKeyOf(uri(runId, 'head')));
      await expect(replay(runId, { from: 'register-model' })).rejects.toMatchObject({
        code: 'conflict',
        message: /the model of candidate head is no longer at/,
      });
      await artifacts.deletePrefix('datasets');
      await expect(replay(runId, { from: 'train-model' })).rejects.toMatchObject({
        code: 'conflict',
        message: /training_data\.csv is no longer in the artifact store/,
      });
      await db.deleteFrom('dataset_versions').execute();
      await expect(replay(runId, { from: 'train-model' })).rejects.toMatchObject({
        code: 'conflict',
        message: /there is no dataset version 1/,
      });
      await expect(replay('none', { from: 'train-model' })).rejects.toMatchObject({ code: 'not-found' });
    },
  );

  it.skipIf(!hasServer)('go on when every connection to PostgreSQL is cut while they run', async () => {
    const harness = await start();
    let started: () => void = () => undefined;
    const hasStarted = new Promise<void>((resolve) => (started = resolve));
    const cutIn = new Set<string>();
    const cutOnce = async (stage: string): Promise<void> => {
      if (cutIn.has(stage)) return;
      // The first stage may begin before the call that starts the run has returned, which would be what is
      // cut.
      await hasStarted;
      cutIn.add(stage);
      await cutConnections(harness);
    };
    await harness.openWorkers({
      'generate-data': async (payload, context) => {
        await cutOnce('generate-data');
        return await idleHandlers['generate-data'](payload, context);
      },
      'train-model': async (payload, context) => {
        await cutOnce('train-model');
        return await idleHandlers['train-model'](payload, context);
      },
    });
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    started();
    const run = await untilEndedInSpiteOf(harness, runId);
    expect(run.error).toBeNull();
    expect(run.status).toBe('succeeded');
    expect([...cutIn]).toEqual(['generate-data', 'train-model']);
  });

  it.skipIf(!hasServer)(
    'start by the schedule; a tick while a run is active is recorded as skipped',
    async () => {
      const harness = await start();
      let release: () => void = () => undefined;
      const released = new Promise<void>((resolve) => (release = resolve));
      await harness.openWorkers({
        'generate-data': async (payload, context) => {
          await released;
          return await idleHandlers['generate-data'](payload, context);
        },
      });
      const schedule = { enabled: true, cron: '* * * * * *', timeZone: 'UTC' };
      const next = await applySchedule(harness.queues, schedule);
      expect(next?.getMilliseconds()).toBe(0);
      const ticks = async () =>
        await harness.database.db.selectFrom('schedule_ticks').selectAll().orderBy('slot').execute();
      await expect.poll(async () => (await ticks()).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2);
      const [first, second] = await ticks();
      expect(first).toMatchObject({ outcome: 'started', reason: null });
      expect(second).toMatchObject({ outcome: 'skipped', run_id: null });
      expect(second?.reason).toBe(`run ${first?.run_id} was active`);
      expect(await applySchedule(harness.queues, { ...schedule, enabled: false })).toBeUndefined();
      expect(await nextTick(harness.queues)).toBeUndefined();
      release();
      const run = await harness.untilEnded(first?.run_id ?? '');
      expect(run).toMatchObject({ trigger: 'schedule', status: 'succeeded' });
      expect(run.options.data.source.seed).toBe(harness.config.data.source.seed + run.number);
    },
  );

  it.skipIf(!hasServer)('start one run for a slot, however often its tick comes', async () => {
    const harness = await start();
    const slot = new Date('2026-11-24T00:00:00Z');
    const first = await harness.runs.startScheduledRun(slot);
    if (first.outcome === 'started') await harness.runs.cancelRun(first.runId);
    expect([first.outcome, (await harness.runs.startScheduledRun(slot)).outcome]).toEqual([
      'started',
      'skipped',
    ]);
  });

  it.skipIf(!hasServer)('of a slot start although the queue refuses the first job once', async () => {
    const harness = await start();
    const { database, config, queues } = harness;
    let refusals = 1;
    const broken: StageQueues = {
      ...queues,
      enqueue: async (...job) => {
        if (refusals > 0) {
          refusals -= 1;
          throw new Error('Connection is closed.');
        }
        await queues.enqueue(...job);
      },
    };
    const runs = createRunStarter({ database, queues: broken, config, clock: systemClock });
    const slot = new Date('2026-11-25T00:00:00Z');
    await expect(runs.startScheduledRun(slot)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the queue took no job (Connection is closed.)'),
    });
    const again = await runs.startScheduledRun(slot);
    const runId = again.outcome === 'started' ? again.runId : '';
    expect(await harness.getRun(runId)).toMatchObject({ status: 'active', trigger: 'schedule' });
    expect((await runs.startScheduledRun(slot)).outcome).toBe('skipped');
    await harness.openWorkers();
    expect((await harness.untilEnded(runId)).status).toBe('succeeded');
  });

  it.skipIf(!hasServer)(
    'of a slot start by the reconciler when every try of the tick has failed',
    async () => {
      const harness = await start();
      const { database, config, queues } = harness;
      const broken = { ...queues, enqueue: () => Promise.reject(new Error('Connection is closed.')) };
      const runs = createRunStarter({ database, queues: broken, config, clock: systemClock });
      await expect(runs.startScheduledRun(new Date('2026-11-26T00:00:00Z'))).rejects.toThrow('took no job');
      const { id } = await database.db.selectFrom('pipeline_runs').select('id').executeTakeFirstOrThrow();
      const workers = await harness.openWorkers();
      expect((await harness.untilEnded(id)).status).toBe('succeeded');
      await workers.close();
      // A run that somebody asked for is closed instead: that somebody is told, and may ask again.
      await expect(runs.startRun({ trigger: 'manual' })).rejects.toMatchObject({ code: 'unavailable' });
      expect(
        await database.db.selectFrom('pipeline_runs').select('status').orderBy('number').execute(),
      ).toEqual([{ status: 'succeeded' }, { status: 'failed' }]);
    },
  );

  it.skipIf(!hasServer)('leave their jobs under ids of run and stage', async () => {
    const harness = await start();
    await harness.openWorkers();
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    await harness.untilEnded(runId);
    const job = await harness.queues.queues
      .get('train-model')
      ?.getJob(queueJobId(work('train-model', runId, 'head')));
    expect(job?.data).toEqual({ runId, candidate: 'head' });
  });
});

/** As a restart of the server does: every other connection to this database ends. */
async function cutConnections(harness: Harness): Promise<void> {
  const client = new Client({ connectionString: harness.database.url });
  await client.connect();
  try {
    await client.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    );
  } finally {
    await client.end();
  }
}

/** The test's own look at the run may be what is cut. */
async function untilEndedInSpiteOf(harness: Harness, runId: string): Promise<RunView> {
  for (;;) {
    try {
      return await harness.untilEnded(runId);
    } catch (error) {
      if (!isConnectionLost(error)) throw error;
    }
  }
}
