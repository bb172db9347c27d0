/**
 * The frozen holdout and the gate around it, in the real pipeline: it grows by its rule, a leak refuses, a
 * moved champion is not overrun.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Config } from '../../src/core/config/index.ts';
import {
  getDatasetVersion,
  hashContent,
  hashSplitKey,
  openSplit,
  splitPosition,
  type DatasetVersion,
} from '../../src/data/index.ts';
import {
  createPostgresTrackingStore,
  type TrackingStore,
  freezeHoldout,
  readFrozenFraction,
} from '../../src/tracking/index.ts';
import { createRunHandlers } from '../../src/workers/index.ts';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { openTestDatabase } from './databases.ts';
import { openHarness, type Harness } from './pipeline-harness.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

let folder: string;
let base: string;
let rows: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-frozen-'));
  base = await writeTinyBase(path.join(folder, 'base'));
  rows = await writeTinyRows(path.join(folder, 'rows.csv'), 1500, 7);
});
afterAll(() => rm(folder, { recursive: true }));

const MODEL = 'copy-quality';

async function openPipeline(intercept: (store: TrackingStore) => TrackingStore = (store) => store) {
  const harness = await openHarness('postgres', { base });
  open.push(harness);
  const tracking = createPostgresTrackingStore(harness.database.db);
  await harness.openWorkers(createRunHandlers({ tracking: intercept(tracking) }));
  return { harness, tracking };
}

async function runOnce(harness: Harness) {
  const request = { source: { path: rows }, label: { column: 'label' } };
  const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
  return await harness.untilEnded(runId);
}

function setSplit(config: Config, split: Partial<Config['data']['split']>): void {
  config.data = { ...config.data, split: { ...config.data.split, ...split } };
}

async function positions(
  harness: Harness,
  version: DatasetVersion,
  split: 'train' | 'validation' | 'holdout',
) {
  const found = new Map<string, number>();
  for await (const row of openSplit(harness.services.artifacts, version, split)) {
    const digest = hashContent(row.title, row.description);
    // By the row that it is nearly the same as, where there is one.
    found.set(digest.toString('hex'), splitPosition(hashSplitKey(row, digest)));
  }
  return found;
}

it('judges by rows that neither model was trained on when the holdout has grown, and freezes what a winner was judged on', async () => {
  const { harness } = await openPipeline();
  const { db } = harness.database;
  const first = await runOnce(harness);
  expect(first.error).toBeNull();
  expect(await readFrozenFraction(db, MODEL)).toBe(0.2);

  setSplit(harness.config, { holdoutFraction: 0.3 });
  const second = await runOnce(harness);
  expect(second.error).toBeNull();
  const stored = JSON.parse(
    await harness.services.artifacts.readText(`runs/${second.id}/comparison.json`),
  ) as {
    comparison: {
      frozenFraction: number;
      excludedRows: number;
      report: { decision: string; comparison: { rows: number; leakedRows: number } };
    };
  };
  const { comparison } = stored;
  const [one, two] = [await getDatasetVersion(db, 1), await getDatasetVersion(db, 2)];
  const trained = new Map([
    ...(await positions(harness, one, 'train')),
    ...(await positions(harness, one, 'validation')),
  ]);
  const holdout = await positions(harness, two, 'holdout');
  const seen = [...holdout].filter(([digest]) => trained.has(digest));
  // The rows between the fractions were the champion's training rows: the same records came again.
  expect(seen.length).toBeGreaterThan(20);
  expect(seen.every(([, position]) => position >= 0.2 && position < 0.3)).toBe(true);
  expect(comparison).toMatchObject({
    frozenFraction: 0.2,
    excludedRows: seen.length,
    report: { comparison: { rows: holdout.size - seen.length, leakedRows: 0 } },
  });
  expect(await readFrozenFraction(db, MODEL)).toBe(comparison.report.decision === 'refuse' ? 0.2 : 0.3);
});

it('refuses to decide on a frozen row that the champion was trained on', async () => {
  const { harness, tracking } = await openPipeline();
  const { db } = harness.database;
  expect((await runOnce(harness)).error).toBeNull();
  const champion = await tracking.registry.findAlias(MODEL, 'champion');
  expect(champion?.version).toBe(1);

  // A champion made outside of this rule: by the record, it was trained on what is frozen since.
  setSplit(harness.config, { holdoutFraction: 0.3 });
  await freezeHoldout(db, { model: MODEL, fraction: 0.3, pipelineRunId: champion?.pipelineRunId ?? '' });
  const run = await runOnce(harness);
  expect(run.error).toBeNull();
  expect(run.stages[3]?.result).toMatchObject({
    decision: 'refuse',
    modelVersion: null,
    reasons: expect.arrayContaining([
      expect.stringMatching(/The holdout is leaked: \d+ of its \d+ rows were trained on/),
    ]),
  });
  expect((await tracking.registry.findAlias(MODEL, 'champion'))?.version).toBe(1);
});

it('does not overrun a champion that was moved while the gate compared', async () => {
  let isMoved = false;
  const { harness, tracking } = await openPipeline((store) => ({
    ...store,
    registry: {
      ...store.registry,
      createVersion: async (...given) => {
        const version = await store.registry.createVersion(...given);
        if (!isMoved) {
          isMoved = true;
          const other = await store.registry.createVersion({ name: version.name, source: version.source });
          await store.registry.setAlias(version.name, 'champion', other.version, {
            movedBy: 'admin',
            reason: 'by hand, meanwhile',
          });
        }
        return version;
      },
    },
  }));
  const run = await runOnce(harness);
  expect(run).toMatchObject({ status: 'failed', error: { stage: 'register-model' } });
  expect(run.error?.message).toContain(
    'it was moved while the gate compared, so version 1 has to be compared again; replay the run',
  );
  expect((await tracking.registry.findAlias(MODEL, 'champion'))?.version).toBe(2);
});

it('grows and never shrinks, model by model', async () => {
  const database = await openTestDatabase();
  open.push(database);
  const { db } = database;
  const freeze = (model: string, fraction: number) =>
    freezeHoldout(db, { model, fraction, pipelineRunId: 'r' });
  expect(await readFrozenFraction(db, 'm')).toBeUndefined();
  await freeze('m', 0.2);
  await freeze('m', 0.1);
  expect(await readFrozenFraction(db, 'm')).toBe(0.2);
  await Promise.all([0.25, 0.4, 0.3].map((fraction) => freeze('m', fraction)));
  expect(await readFrozenFraction(db, 'm')).toBe(0.4);
  expect(await readFrozenFraction(db, 'other')).toBeUndefined();
});
