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
import { migrate, migrations } from '../../src/db/index.ts';
import { listJobs, listRuns } from '../../src/queues/index.ts';
import { openJobsHarness, type JobsHarness } from './jobs-harness.ts';

const SUCCEEDED = '20261130-101907-6bz7q2';
const FAILED = '20261130-101908-uvbtjx';
const TRAINING = '20261130-101931-z3fnlf';
const DONE_JOB = '20261130-101909-t0vqsv';
const LOST_JOB = '20261130-101922-b7xxyq';

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
