/** Worker processes that are killed, shared and closed, on both backends alike. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { HOUR_MS, sleep, systemClock } from '../../src/core/clock.ts';
import { RUN } from '../../src/queues/index.ts';
import { entryPoint } from '../../src/core/paths.ts';
import { getDatasetVersion } from '../../src/data/index.ts';
import { cleanLeftovers } from '../../src/workers/upkeep/clean-leftovers.ts';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { openHarness, type BackendKind, type Harness } from './pipeline-harness.ts';
import type { ChildMessage, ChildSettings } from './pipeline-worker.ts';

let folder: string;
let base: string;
let rows: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-kill-'));
  base = await writeTinyBase(path.join(folder, 'base'));
  rows = await writeTinyRows(path.join(folder, 'rows.csv'), 1500, 7);
});
afterAll(() => rm(folder, { recursive: true }));

const children: ChildProcess[] = [];
const open: Harness[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  for (const harness of open.splice(0)) await harness.close();
});

const backends: BackendKind[] = ['postgres', 'redis'];

describe.each(backends)('a worker process on %s', (kind) => {
  const hasServer = kind === 'postgres' || inject('redisUrl') !== null;

  it.skipIf(!hasServer)(
    'may be killed in each of the five stages, and the run still leaves one of everything',
    async () => {
      const harness = await openHarness(kind, {
        queues: { lockDurationMs: 3000 },
        minimumHoldoutRows: 10,
        base,
      });
      open.push(harness);
      const { runId } = await harness.runs.startRun({
        trigger: 'manual',
        request: { source: { path: rows }, label: { column: 'label' } },
      });
      for (const hangIn of RUN.names) {
        const worker = startWorker(harness, { hangIn });
        await until(worker, (message) => message.kind === 'reached');
        await kill(worker);
      }
      startWorker(harness, {});
      const run = await harness.untilEnded(runId);

      expect(run.error).toBeNull();
      expect(run.status).toBe('succeeded');
      for (const { attempts } of run.stages) {
        const outcomes = attempts.map(({ outcome }) => outcome);
        expect(outcomes.slice(0, -1).every((outcome) => outcome === 'lost')).toBe(true);
        expect([outcomes.length >= 2, outcomes.at(-1)]).toEqual([true, 'succeeded']);
      }
      const count = async (table: string): Promise<number> =>
        (await harness.database.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]
          ?.n ?? -1;
      expect(await count('dataset_versions')).toBe(1);
      expect(await count('model_versions')).toBe(1);
      expect(await count('tracking_runs')).toBe(1);
      expect(await count('model_alias_history')).toBe(1);
    },
  );

  it.skipIf(!hasServer)('may be killed while it trains; the next one trains to the end', async () => {
    const harness = await openHarness(kind, {
      queues: { lockDurationMs: 3000 },
      minimumHoldoutRows: 10,
      base,
      // So many epochs that the kill meets one of them, however slowly this process sees the first.
      settings: { epochs: 200, earlyStoppingPatience: 200 },
    });
    open.push(harness);
    const { runId } = await harness.runs.startRun({
      trigger: 'manual',
      request: { source: { path: rows }, label: { column: 'label' } },
    });
    const worker = startWorker(harness, {});
    await expect
      .poll(async () => (await harness.getRun(runId)).stages[2]?.progress?.message ?? '', { timeout: 60_000 })
      .toMatch(/encode|train/);
    await kill(worker);
    startWorker(harness, {});
    const run = await harness.untilEnded(runId);
    expect(run.error).toBeNull();
    expect(run.stages[2]?.attempts.at(0)?.outcome).toBe('lost');
    expect(run.stages[2]?.attempts.at(-1)?.outcome).toBe('succeeded');
  });

  it.skipIf(!hasServer)(
    'that was killed leaves files, which go once its run has ended, and only those',
    async () => {
      const harness = await openHarness(kind, { minimumHoldoutRows: 10 });
      open.push(harness);
      const { varDir } = harness.config.storage;
      const work = (id: string): string => path.join(varDir, 'work', id);
      const request = { source: { kind: 'synthetic', count: 120, seed: 3 } } as const;
      const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
      const worker = startWorker(harness, {});
      await expect
        .poll(async () => (await harness.getRun(runId)).stages[2]?.progress?.message ?? '', {
          timeout: 60_000,
        })
        .toMatch(/encode|train/);
      await kill(worker);
      // As an attempt leaves them that dies between its last file and its commit.
      const uncommitted = `datasets/${runId}-0123456789ab`;
      await harness.services.artifacts.put(`${uncommitted}/train/training_data.csv`, 'id\n');
      const committed = await getDatasetVersion(harness.database.db, 1);
      harness.config.storage.leftoverAgeMs = 1;
      const clean = () => cleanLeftovers(harness.services, systemClock);

      expect(await clean()).toEqual([]);
      expect(existsSync(work(runId))).toBe(true);
      await harness.runs.cancelRun(runId);
      const second = await harness.runs.startRun({ trigger: 'manual', request });
      await mkdir(work(second.runId), { recursive: true });
      harness.config.storage.leftoverAgeMs = HOUR_MS;
      expect(await clean()).toEqual([]);

      harness.config.storage.leftoverAgeMs = 1;
      await harness.openWorkers({
        'generate-data': async (_payload, context) => (await sleep(HOUR_MS, context.signal)) as never,
      });
      await expect.poll(() => existsSync(work(runId)), { timeout: 60_000 }).toBe(false);
      await expect
        .poll(async () => await harness.services.artifacts.exists(`${uncommitted}/train/training_data.csv`), {
          timeout: 60_000,
        })
        .toBe(false);
      expect(existsSync(work(second.runId))).toBe(true);
      expect(await harness.services.artifacts.exists(committed.manifest.splits.train.key)).toBe(true);
    },
  );

  it.skipIf(!hasServer)('shares the candidates of a run with another', async () => {
    const harness = await openHarness(kind, { candidates: ['a', 'b', 'c', 'd', 'e', 'f'] });
    open.push(harness);
    const workers = [startWorker(harness, { isIdle: true }), startWorker(harness, { isIdle: true })];
    await Promise.all(workers.map((worker) => until(worker, (message) => message.kind === 'ready')));
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    const run = await harness.untilEnded(runId);
    expect(run.status).toBe('succeeded');
    const trainings = run.stages.filter(({ stage }) => stage === 'train-model');
    expect(trainings.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(trainings.flatMap(({ attempts }) => attempts.map(({ workerId }) => workerId))).size).toBe(
      2,
    );
  });

  it.skipIf(!hasServer)('that is asked to end hands its job back and leaves', async () => {
    const harness = await openHarness(kind);
    open.push(harness);
    const worker = startWorker(harness, { hangIn: 'generate-data' });
    const { runId } = await harness.runs.startRun({
      trigger: 'manual',
      request: { source: { kind: 'synthetic', count: 60 } },
    });
    await until(worker, (message) => message.kind === 'reached');
    const exited = once(worker, 'exit');
    worker.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    const run = await harness.getRun(runId);
    expect(run.stages[0]?.attempts.map(({ outcome }) => outcome)).toEqual(['handed-back']);
    expect(await harness.queues.stateOf({ ownerId: runId, stage: 'generate-data', part: '' })).toBe(
      'waiting',
    );
  });
});

function startWorker(
  harness: Harness,
  choice: Partial<Pick<ChildSettings, 'hangIn' | 'isIdle'>>,
): ChildProcess {
  const settings: ChildSettings = {
    config: harness.config,
    databaseUrl: harness.database.url,
    redisUrl: harness.redisUrl,
    hangIn: null,
    isIdle: false,
    ...choice,
  };
  const { file, execArgv } = entryPoint(import.meta.url, './pipeline-worker');
  const child = fork(file, [JSON.stringify(settings)], {
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  return child;
}

async function until(child: ChildProcess, isIt: (message: ChildMessage) => boolean): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.on('message', (message: ChildMessage) => {
      if (isIt(message)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the worker process ended with ${code} before its time`)));
  });
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
