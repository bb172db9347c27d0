/**
 * The five real stages, end to end, with a real training; on PostgreSQL, since the stages do not know which
 * queue they came from.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { artifactKeyOf, createPostgresTrackingStore } from '../../src/tracking/index.ts';
import { getDatasetVersion } from '../../src/data/index.ts';
import { renderStage } from '../../src/cli/follow-run.ts';
import { createRunHandlers } from '../../src/workers/index.ts';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { openHarness } from './pipeline-harness.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

it('turn synthetic records into a champion, and refuse the same model a second time', async () => {
  const harness = await openHarness('postgres');
  open.push(harness);
  const tracking = createPostgresTrackingStore(harness.database.db);
  await harness.openWorkers(createRunHandlers({ tracking }));
  const request = { source: { kind: 'synthetic', count: 600, seed: 1 } } as const;

  const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
  const run = await harness.untilEnded(runId);
  expect(run.error).toBeNull();
  expect(run.status).toBe('succeeded');
  const champion = await tracking.registry.findAlias('copy-quality', 'champion');
  expect(champion).toMatchObject({ version: 1, pipelineRunId: runId });
  const trackingRun = await tracking.runs.get(champion?.runId ?? '');
  expect(trackingRun.status).toBe('FINISHED');
  expect(trackingRun.tags).toMatchObject({ 'copyloop.run': runId, 'copyloop.candidate': 'head' });
  expect(trackingRun.datasetInputs.map(({ tags }) => tags['mlflow.data.context'])).toEqual([
    'training',
    'validation',
    'holdout',
  ]);
  expect(champion?.tags).toMatchObject({
    'copyloop.dataset': '1',
    'copyloop.dataset.digest': trackingRun.tags['copyloop.dataset.digest'],
    'copyloop.weights.sha256': trackingRun.tags['copyloop.weights.sha256'],
  });
  expect(trackingRun.metrics.map(({ key }) => key)).toEqual(
    expect.arrayContaining([
      'train_loss',
      'validation_loss',
      'accuracy',
      'validation_accuracy',
      'holdout_accuracy',
    ]),
  );
  const summary = JSON.parse(await harness.services.artifacts.readText(`runs/${runId}/summary.json`)) as {
    champion: number;
    gate: { decision: string };
  };
  expect(summary).toMatchObject({ champion: 1, gate: { decision: 'promote' } });
  expect(await harness.services.artifacts.readText(`runs/${runId}/report.html`)).toContain('A new champion');

  const second = await harness.runs.replayRun(runId);
  const replay = await harness.untilEnded(second.runId);
  expect(replay.status).toBe('succeeded');
  expect(replay.stages[3]?.result).toMatchObject({ decision: 'refuse', modelVersion: null });
  expect((await tracking.registry.findAlias('copy-quality', 'champion'))?.version).toBe(1);
});

it('are skipped with the reason where the same would come of them, and done where a record is another', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-skipped-'));
  open.push({ close: () => rm(folder, { recursive: true }) });
  const base = await writeTinyBase(path.join(folder, 'base'));
  const harness = await openHarness('postgres', { base });
  open.push(harness);
  const tracking = createPostgresTrackingStore(harness.database.db);
  await harness.openWorkers(createRunHandlers({ tracking }));
  const file = await writeTinyRows(path.join(folder, 'rows.csv'), 1500, 7);
  const run = async () => {
    const request = { source: { path: file }, label: { column: 'label' } };
    const { runId } = await harness.runs.startRun({ trigger: 'manual', request });
    const { stages } = await harness.untilEnded(runId);
    const results = stages.map(({ result }) => result as Record<string, unknown> | null);
    const told = stages.map((stage) => renderStage(stage, 0)).join('\n');
    return { runId, told, version: results[1], training: results[2], decision: results[3]?.['decision'] };
  };
  const first = await run();
  expect(first).toMatchObject({ version: { datasetVersion: 1 }, decision: 'promote' });
  expect([first.version?.['skipped'], first.training?.['skipped']]).toEqual([undefined, undefined]);

  const second = await run();
  expect(second).toMatchObject({
    version: { datasetVersion: 1, skipped: expect.stringContaining('are those of dataset version 1') },
    training: {
      skipped: expect.stringContaining('has trained the same'),
      validation: first.training?.['validation'],
    },
    decision: 'refuse',
  });
  expect(first.told).not.toContain('skipped');
  expect(second.told).toMatch(/version-data +skipped in .*: the records/);
  expect(second.told).toMatch(/train-model .* skipped in .*: tracking run \w+ has trained the same/);
  const report = await harness.services.artifacts.readText(`runs/${second.runId}/report.html`);
  expect(report.match(/skipped: /g)).toHaveLength(2);
  const [done, taken] = await Promise.all(
    [first, second].map(async ({ training }) => tracking.runs.get(String(training?.['trackingRunId']))),
  );
  expect(taken).toMatchObject({ status: 'FINISHED', tags: { 'copyloop.run': second.runId } });
  expect(taken?.runId).not.toBe(done?.runId);
  expect(taken?.tags['copyloop.weights.sha256']).toBe(done?.tags['copyloop.weights.sha256']);

  // With the models gone, nothing is left to take over; and rows of one product stay on one side of a split.
  for (const each of [done, taken])
    await harness.services.artifacts.deletePrefix(artifactKeyOf(`${each?.artifactUri ?? ''}/model`));
  const third = await run();
  expect(third.version).toMatchObject({ skipped: expect.stringContaining('dataset version 1') });
  expect(third.training?.['skipped']).toBeUndefined();

  const [, ...rows] = (await readFile(file, 'utf8')).trim().split('\n');
  const ofProducts = rows.map((row, i) => `P${Math.floor(i / 3)},${row.replace(/",(?=\d$)/u, ` row${i}",`)}`);
  await writeFile(file, ['id,title,description,label', ...ofProducts, ''].join('\n'));
  const fourth = await run();
  expect(fourth.version).toMatchObject({ datasetVersion: 2 });
  expect([fourth.version?.['skipped'], fourth.training?.['skipped']]).toEqual([undefined, undefined]);
  const { manifest } = await getDatasetVersion(harness.database.db, 2);
  const products = await Promise.all(
    Object.values(manifest.splits).map(async ({ key }) => {
      const text = await harness.services.artifacts.readText(key);
      return new Set(text.match(/^P\d+(?=,)/gmu));
    }),
  );
  expect(products.map(({ size }) => size > 20)).toEqual([true, true, true]);
  expect(products.reduce((sum, { size }) => sum + size, 0)).toBe(500);
});

it('never make a broken model directory champion, and stop with a clear error when nothing usable is left', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-stages-'));
  open.push({ close: () => rm(folder, { recursive: true }) });
  const base = await writeTinyBase(path.join(folder, 'base'));
  const harness = await openHarness('postgres', { base });
  open.push(harness);
  const { artifacts } = harness.services;
  const tracking = createPostgresTrackingStore(harness.database.db);
  const handlers = createRunHandlers({ tracking });
  await harness.openWorkers({
    ...handlers,
    'train-model': async (payload, context) => {
      const result = await handlers['train-model'](payload, context);
      await artifacts.put(artifactKeyOf(result.modelUri, 'model.safetensors'), 'not the weights');
      return result;
    },
  });
  const { runId } = await harness.runs.startRun({
    trigger: 'manual',
    request: {
      source: { path: await writeTinyRows(path.join(folder, 'rows.csv'), 1500, 7) },
      label: { column: 'label' },
    },
  });
  const run = await harness.untilEnded(runId);
  expect(run).toMatchObject({ status: 'failed', error: { code: 'bad-model', stage: 'register-model' } });
  expect(run.error?.message).toContain('model.safetensors');
  expect(run.stages[3]?.attempts).toHaveLength(1);
  expect(await tracking.registry.findAlias('copy-quality', 'champion')).toBeUndefined();

  const file = path.join(folder, 'empty.csv');
  await writeFile(file, 'title,description,rating\n,,9\n');
  const second = await harness.runs.startRun({ trigger: 'manual', request: { source: { path: file } } });
  expect((await harness.untilEnded(second.runId)).error).toMatchObject({
    code: 'bad-data',
    stage: 'generate-data',
  });
});
