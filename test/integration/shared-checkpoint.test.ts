/**
 * A training that loses its machine goes on elsewhere: two workers with folders of their own, one database
 * and one artifact store.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { createPostgresTrackingStore, WEIGHTS_TAG, type TrackingStore } from '../../src/tracking/index.ts';
import { createRunHandlers, openWorkers, type StageServices, type Workers } from '../../src/workers/index.ts';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';
import { openHarness, type Harness } from './pipeline-harness.ts';

let harness: Harness;
let tracking: TrackingStore;
const machines: string[] = [];

beforeEach(async () => {
  harness = await openHarness('postgres', { minimumHoldoutRows: 10 });
  tracking = createPostgresTrackingStore(harness.database.db);
  const base = await writeTinyBase(path.join(harness.config.storage.varDir, 'base'));
  harness.config.model = { ...harness.config.model, base };
});
afterEach(async () => {
  await harness.close();
  for (const folder of machines.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** @param fetched takes the keys that this machine reads from the store */
async function openMachine(fetched: string[], trainThreads = 1): Promise<Workers> {
  const varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-machine-'));
  machines.push(varDir);
  const { artifacts } = harness.services;
  const watched: ArtifactStore = {
    ...artifacts,
    fetchFile: async (key, file) => {
      await artifacts.fetchFile(key, file);
      fetched.push(key);
    },
  };
  const { config } = harness;
  const services: StageServices = {
    ...harness.services,
    artifacts: watched,
    config: {
      ...config,
      storage: { ...config.storage, varDir },
      pipeline: { ...config.pipeline, trainThreads, checkpointCopyMs: 50 },
    },
  };
  return await openWorkers({
    queues: harness.queues,
    runs: harness.runs,
    services,
    handlers: createRunHandlers({ tracking }),
    log: createSilentLogger(),
    clock: systemClock,
    drainMs: 0,
  });
}

async function startRun(): Promise<string> {
  const settings = { maxLength: 16, batchSize: 8, epochs: 12, checkpointEverySteps: 5 };
  const { runId } = await harness.runs.startRun({
    trigger: 'manual',
    request: {
      source: { kind: 'synthetic', count: 400, seed: 3 },
      candidates: [{ name: 'full', recipe: 'full', seed: 7, settings }],
    },
  });
  return runId;
}

async function weightsOf(runId: string): Promise<string | undefined> {
  const { items } = await tracking.runs.search({
    experimentIds: [await tracking.experiments.ensure(harness.config.model.experiment)],
    filter: `tags.\`copyloop.run\` = '${runId}'`,
  });
  expect(items).toHaveLength(1);
  return items[0]?.tags[WEIGHTS_TAG];
}

/**
 * Runs until a checkpoint of the run lies in the store, and ends the machine in the middle of the training.
 */
async function loseMachine(runId: string): Promise<void> {
  const lost = await openMachine([]);
  await expect
    .poll(async () => await harness.services.artifacts.list(`checkpoints/${runId}`), { timeout: 200_000 })
    .not.toEqual([]);
  await lost.close();
  expect((await harness.getRun(runId)).status).toBe('active');
}

it('ends with the weights of a training that never stopped, and leaves no checkpoint', async () => {
  const runId = await startRun();
  await loseMachine(runId);
  const fetched: string[] = [];
  const next = await openMachine(fetched);
  const run = await harness.untilEnded(runId);
  expect(run.error).toBeNull();
  expect(fetched.filter((key) => key.startsWith(`checkpoints/${runId}/full/`))).not.toEqual([]);
  expect(await harness.services.artifacts.list('checkpoints')).toEqual([]);

  const { runId: undisturbed } = await harness.runs.replayRun(runId);
  expect((await harness.untilEnded(undisturbed)).error).toBeNull();
  expect(await weightsOf(runId)).toBe(await weightsOf(undisturbed));
  await next.close();
});

it('starts afresh where the checkpoint does not fit, as with other threads', async () => {
  const runId = await startRun();
  await loseMachine(runId);
  const fetched: string[] = [];
  const next = await openMachine(fetched, 2);
  const run = await harness.untilEnded(runId);
  expect(run.error).toBeNull();
  expect(fetched.some((key) => key.startsWith(`checkpoints/${runId}/`))).toBe(true);
  expect(run.stages.find(({ stage }) => stage === 'train-model')?.attempts.at(-1)?.outcome).toBe('succeeded');
  await next.close();
});
