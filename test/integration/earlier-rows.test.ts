/**
 * A database as an earlier version left it, before the migration 020: a run that succeeded, one that failed,
 * one that was training, a prediction job that is done and one whose third shard was lost with its worker.
 * `test/fixtures/earlier-rows` holds the rows.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { trainTinyModels } from '../../fixtures/tiny-models.ts';
import { readFeedbackRows } from '../../src/data/index.ts';
import { migrate, migrations } from '../../src/db/index.ts';
import { listJobs, listRuns } from '../../src/queues/index.ts';
import { openJobsHarness, type JobsHarness } from './jobs-harness.ts';

const SUCCEEDED = '20261130-101907-6bz7q2';
const FAILED = '20261130-101908-uvbtjx';
const TRAINING = '20261130-101931-z3fnlf';
const DONE_JOB = '20261130-101909-t0vqsv';
const LOST_JOB = '20261130-101922-b7xxyq';

/** One bit about the ad copy, with clicks beside it, as feedback was before texts had ids. */
const TOLD = `
  INSERT INTO predictions (id, title, description, request, response, copy_text, confidence_score, model_name, model_version, writer, request_id)
  SELECT lpad(to_hex(i), 32, '0'), 'Desk Lamp', 'A warm light.', '{}', '{"data": {"ad_copy": "Meet the lamp."}}', 'Meet the lamp.', 0.5, 'copy-quality', 1, 'templates', ''
  FROM generate_series(1, 3) i;
  INSERT INTO feedback (prediction_id, outcome, edited_text, clicks, impressions, dataset_version) VALUES
    (lpad('1', 32, '0'), 'accepted', NULL, 3, 40, 1),
    (lpad('2', 32, '0'), 'edited', 'Read by a warm lamp.', NULL, NULL, NULL),
    (lpad('3', 32, '0'), 'rejected', NULL, NULL, NULL, NULL);`;

const rows = path.join(import.meta.dirname, '../fixtures/earlier-rows');
let folder = '';
let harness: JobsHarness;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-earlier-'));
  const [model = ''] = await trainTinyModels(folder, ['model']);
  const populate: Parameters<typeof openJobsHarness>[3] = {
    populate: async (client) => {
      await migrate(
        client,
        migrations.filter(({ name }) => name < '013'),
      );
      await client.query(await readFile(path.join(rows, 'rows.sql'), 'utf8'));
      await client.query(TOLD);
    },
  };
  harness = await openJobsHarness('postgres', model, {}, populate);
  const stored = JSON.parse(await readFile(path.join(rows, 'artifacts.json'), 'utf8')) as Record<
    string,
    string
  >;
  for (const [key, text] of Object.entries(stored)) await harness.services.artifacts.put(key, text);
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

it('runs and jobs of an earlier version are read as they are', async () => {
  const { db } = harness.database;
  const runs = await listRuns(db, { limit: 10 });
  expect(runs.map(({ id, status }) => [id, status])).toEqual([
    [TRAINING, 'active'],
    [FAILED, 'failed'],
    [SUCCEEDED, 'succeeded'],
  ]);
  const found = await listRuns(db, { limit: 10, recipe: 'full' });
  expect(found.map(({ id, recipes }) => [id, recipes])).toEqual(runs.map(({ id }) => [id, ['head', 'full']]));
  const run = await harness.getRun(SUCCEEDED);
  expect(run.options.candidates.map(({ name, settings }) => [name, settings])).toEqual([
    ['one', {}],
    ['two', { refit: false }],
  ]);
  expect(run.options.data.source.count).toBe(50);
  expect(run.stages.every(({ status, attempts }) => status === 'succeeded' && attempts.length === 1)).toBe(
    true,
  );
  expect((await harness.getRun(FAILED)).error).toEqual({
    code: 'bad-data',
    message: 'nothing usable is left',
    stage: 'version-data',
  });
  const training = await harness.getRun(TRAINING);
  expect(training.stages.find(({ candidate }) => candidate === 'two')).toMatchObject({
    status: 'running',
    progress: { fraction: 0.4, message: 'train, epoch 1' },
  });

  const jobs = await listJobs(db, { limit: 10 });
  expect(jobs.map(({ id, status, shards }) => [id, status, shards.done, shards.total])).toEqual([
    [LOST_JOB, 'active', 2, 6],
    [DONE_JOB, 'succeeded', 6, 6],
  ]);
  expect((await harness.getJob(DONE_JOB)).output?.rows).toBe(21);
});

it('an unfinished run and an unfinished job of an earlier version are gone on with, and what is done is not done again', async () => {
  await harness.openJobWorkers();
  await harness.openWorkers();
  const run = await harness.untilEnded(TRAINING);
  expect(run.error).toBeNull();
  expect(run.status).toBe('succeeded');
  const trained = run.stages.filter(({ stage }) => stage === 'train-model');
  expect(
    trained.map(({ candidate, attempts }) => [candidate, attempts.map(({ outcome }) => outcome)]),
  ).toEqual([
    ['one', ['succeeded']],
    ['two', ['lost', 'succeeded']],
  ]);

  const job = await harness.untilJobEnded(LOST_JOB);
  expect(job.error).toBeNull();
  expect([job.status, job.rows, job.shards.done]).toEqual([
    'succeeded',
    { total: 21, done: 21, refused: 1 },
    6,
  ]);
  const ids = (await harness.readOutput(job))
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(ids).toEqual(Array.from({ length: 22 }, (_, row) => `p${row}`).filter((id) => id !== 'p7'));
  const { rows: attempts } = await harness.database.pool.query<{ attempts: number }>(
    `SELECT attempts FROM prediction_job_steps WHERE job_id = $1 AND stage = 'predict-shard' ORDER BY shard`,
    [LOST_JOB],
  );
  expect(attempts.map((row) => row.attempts)).toEqual([1, 1, 2, 1, 1, 1]);
});

it('a run of an earlier version can be replayed with its options', async () => {
  const original = await harness.getRun(SUCCEEDED);
  const { runId } = await harness.runs.replayRun(SUCCEEDED);
  const replay = await harness.untilEnded(runId);
  expect(replay).toMatchObject({ replayOf: SUCCEEDED, status: 'succeeded' });
  expect(replay.options).toEqual(original.options);
});

it('feedback of an earlier version is about the ad copy, and teaches what it taught', async () => {
  const { db } = harness.database;
  const told = await db
    .selectFrom('feedback')
    .select(['field', 'place', 'day', 'outcome', 'clicks', 'impressions', 'dataset_version'])
    .orderBy('id')
    .execute();
  const about = { field: 'ad_copy', place: 0, day: null };
  expect(told).toMatchObject([
    { ...about, outcome: 'accepted', clicks: 3, impressions: 40, dataset_version: 1 },
    { ...about, outcome: 'edited', dataset_version: null },
    { ...about, outcome: 'rejected', dataset_version: null },
  ]);
  const learned = [];
  for await (const row of readFeedbackRows(db, { weight: 1, ratingThreshold: 3.5 })) learned.push(row);
  // What a dataset version has taken is not taken again.
  expect(learned.map(({ title, description, field, label }) => [title, description, field, label])).toEqual([
    ['Desk Lamp ad', 'Meet the lamp.', 'ad_copy', 0],
    ['Desk Lamp ad', 'Read by a warm lamp.', 'ad_copy', 1],
    ['Desk Lamp ad', 'Meet the lamp.', 'ad_copy', 0],
  ]);
});
