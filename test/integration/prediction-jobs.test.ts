/** Whole catalogues, from their rows to their output, on both backends alike. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createRandom } from '../../src/core/random.ts';
import { parseBrandProfile } from '../../src/copy/index.ts';
import { createBrandStore } from '../../src/serving/index.ts';
import { jobFolder, jobWorkFolder } from '../../src/queues/index.ts';
import { copyTinyModels } from './shared-models.ts';
import { heard, kill, openJobsHarness, type JobsHarness } from './jobs-harness.ts';
import type { BackendKind, HarnessOverrides } from './pipeline-harness.ts';

const WORDS = ['lamp', 'chair', 'shirt', 'lovely', 'superb', 'sturdy', 'bright', 'soft', 'broken', 'dull'];
let folder = '';
let model = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-jobs-'));
  [model = ''] = await copyTinyModels(folder, ['model']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open: JobsHarness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
});

/** A catalogue of `rows` products; a row in ten has no title. */
function drawCatalogue(rows: number, seed = 1): string {
  const random = createRandom(seed);
  const lines = Array.from({ length: rows }, (_, row) => {
    const words = Array.from({ length: 2 + random.below(12) }, () => random.pick(WORDS));
    return `p${row},${row % 10 === 7 ? '' : `The ${random.pick(WORDS)} ${row}`},"${words.join(' ')}."`;
  });
  return ['id,title,description', ...lines, ''].join('\n');
}

/** What each brand's texts say. */
const BRANDS = { house: 'By the house', acme: 'Signed, Acme', north: 'From the north' };

async function setBrands({ database }: JobsHarness): Promise<void> {
  const store = createBrandStore(database.db);
  for (const [name, phrase] of Object.entries(BRANDS))
    await store.set(name, parseBrandProfile({ requiredPhrases: [phrase], maxEmoji: 0 }), 'test');
}

/** As `drawCatalogue`, with two brands that are known and one that is not; some rows are in German. */
function drawBrandedCatalogue(rows: number): string {
  const [head = '', ...lines] = drawCatalogue(rows).trimEnd().split('\n');
  const german = 'Ein weiches Licht mit schwenkbarem Arm, das den Tisch am Abend ruhig und freundlich macht.';
  const branded = lines.map((line, row) => {
    const brand = ['Acme', 'NORTH', 'Nobody'][row % 3] ?? '';
    const described = row % 2 === 0 ? line : line.replace(/".*"/u, `"${german}"`);
    return `${described},${brand}`;
  });
  return [`${head},brand`, ...branded, ''].join('\n');
}

const backends: BackendKind[] = ['postgres', 'redis'];

describe.each(backends)('a prediction job on %s', (kind) => {
  const hasServer = kind === 'postgres' || inject('redisUrl') !== null;
  const start = async (overrides: HarnessOverrides = {}): Promise<JobsHarness> => {
    const harness = await openJobsHarness(kind, model, {}, overrides);
    open.push(harness);
    return harness;
  };

  it.skipIf(!hasServer)(
    'writes a creative for every row, in their order, and says why a row has none',
    async () => {
      const harness = await start();
      await harness.openJobWorkers();
      const jobId = await harness.start(drawCatalogue(95), { channels: ['x', 'sms'], count: 3, seed: 5 });
      const job = await harness.untilJobEnded(jobId);
      expect(job.error).toBeNull();
      expect([job.status, job.rows, job.shards.total]).toEqual([
        'succeeded',
        { total: 86, done: 86, refused: 9 },
        10,
      ]);
      const lines = (await harness.readOutput(job)).trimEnd().split('\n');
      const creatives = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const kept = Array.from({ length: 95 }, (_, row) => row).filter((row) => row % 10 !== 7);
      expect(creatives.map(({ id }) => id)).toEqual(kept.map((row) => `p${row}`));
      for (const creative of creatives) {
        expect(creative['confidence_score']).toBeGreaterThan(0);
        expect(creative['confidence_score']).toBeLessThan(1);
        expect(creative['ad_copy']).not.toBe('');
        expect(creative['x.text']).not.toBe('');
        expect(creative['model_version']).toBe(1);
      }
      expect(new Set(creatives.map((creative) => creative['confidence_score'])).size).toBeGreaterThan(40);
      const refused = await harness.readRefused(job);
      expect(refused).toHaveLength(9);
      expect(refused[0]).toEqual({ line: 9, field: 'title', value: '', reason: 'must not be empty' });
    },
  );

  it.skipIf(!hasServer)(
    'of three brands loses no more than a shard to a killed worker, and its output is that of an undisturbed one',
    async () => {
      // A busy machine renews locks late; the shards that a worker loses then would be counted here.
      const harness = await start({ queues: { lockDurationMs: 8000 } });
      await setBrands(harness);
      const catalogue = drawBrandedCatalogue(100);
      // What is drawn by chance is no less the same than what is best.
      const policy = kind === 'postgres' ? 'explore' : 'best';
      const request = {
        count: 4,
        seed: 7,
        format: 'csv',
        brand: 'house',
        brandByRecord: true,
        policy,
      } as const;
      const undisturbed = await harness.start(catalogue, request);
      const first = harness.forkWorker();
      const expected = await harness.readOutput(await harness.untilJobEnded(undisturbed));
      await kill(first);

      const disturbed = await harness.start(catalogue, request);
      const doomed = harness.forkWorker(4);
      await heard(doomed, 'reached');
      const { done } = (await harness.getJob(disturbed)).shards;
      // Of a job that has begun, the brands are those of its start.
      await createBrandStore(harness.database.db).set('north', parseBrandProfile({}), 'test');
      await kill(doomed);
      harness.forkWorker();
      const job = await harness.untilJobEnded(disturbed);
      expect(job.error).toBeNull();
      expect(await harness.readOutput(job)).toBe(expected);
      for (const [brand, phrase] of Object.entries(BRANDS)) {
        const lines = expected.split('\n').filter((line) => line.includes(`,${brand}@1`));
        expect(lines.length).toBeGreaterThan(10);
        expect(lines.filter((line) => !line.includes(phrase))).toEqual([]);
      }
      const { rows: attempts } = await harness.database.pool.query<{ shard: number; attempts: number }>(
        `SELECT shard, attempts FROM prediction_job_steps WHERE job_id = $1 AND stage = 'predict-shard' ORDER BY shard`,
        [disturbed],
      );
      expect(done).toBe(4);
      expect(attempts.filter((row) => row.attempts > 1).map(({ shard }) => shard)).toEqual([4]);
    },
  );

  it.skipIf(!hasServer)('is shared by the workers there are', async () => {
    const harness = await start();
    const workers = [harness.forkWorker(), harness.forkWorker()];
    await Promise.all(workers.map((worker) => heard(worker, 'ready')));
    const job = await harness.untilJobEnded(await harness.start(drawCatalogue(400), { count: 8 }));
    expect(job.status).toBe('succeeded');
    const { rows } = await harness.database.pool.query<{ n: number }>(
      `SELECT count(DISTINCT worker_id)::int AS n FROM prediction_job_steps WHERE stage = 'predict-shard'`,
    );
    expect(rows[0]?.n).toBe(2);
  });

  it.skipIf(!hasServer)('that is cancelled stops and gives back what it held', async () => {
    const harness = await start();
    let reached = (): void => undefined;
    const predicting = new Promise<void>((resolve) => (reached = resolve));
    let stopped = false;
    await harness.openJobWorkers((steps) => ({
      ...steps,
      'predict-shard': async (_, { signal }) => {
        reached();
        return await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            stopped = true;
            reject(new Error('stopped'));
          });
        });
      },
    }));
    const jobId = await harness.start(drawCatalogue(60));
    await predicting;
    await harness.jobs.cancelJob(jobId);
    await expect.poll(() => stopped, { timeout: 20_000 }).toBe(true);
    await expect
      .poll(() => harness.services.artifacts.list(jobFolder(jobId)), { timeout: 20_000 })
      .toEqual([]);
    expect((await harness.getJob(jobId)).status).toBe('cancelled');
    await expect(harness.jobs.cancelJob(jobId)).rejects.toMatchObject({ code: 'conflict' });
  });

  it.skipIf(!hasServer)('never has more shards in the queue than configured', async () => {
    const harness = await start();
    const seen: number[] = [];
    await harness.openJobWorkers((steps) => ({
      ...steps,
      'predict-shard': async (payload, context) => {
        const counts = await harness.queues.queues
          .get('predict-shard')
          ?.getJobCounts('waiting', 'active', 'delayed');
        seen.push(Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0));
        return await steps['predict-shard'](payload, context);
      },
    }));
    const job = await harness.untilJobEnded(await harness.start(drawCatalogue(200), { count: 1 }));
    expect(job.status).toBe('succeeded');
    expect(seen.length).toBe(20);
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
  });

  it.skipIf(!hasServer)('goes on when its jobs were lost from the queues', async () => {
    const harness = await start();
    const jobId = await harness.start(drawCatalogue(50), { count: 1 });
    for (const queue of harness.queues.queues.values()) await queue.obliterate({ force: true });
    await harness.openJobWorkers();
    expect((await harness.untilJobEnded(jobId)).status).toBe('succeeded');
  });

  it.skipIf(!hasServer)('that has failed keeps what is done, and can be resumed', async () => {
    const harness = await start();
    let isBroken = true;
    const predicted: number[] = [];
    await harness.openJobWorkers((steps) => ({
      ...steps,
      'predict-shard': async (payload, context) => {
        if (isBroken && payload.shard === 3) throw new AppError('bad-model', 'the model is broken');
        predicted.push(payload.shard);
        return await steps['predict-shard'](payload, context);
      },
    }));
    const jobId = await harness.start(drawCatalogue(60), { count: 1 });
    const failed = await harness.untilJobEnded(jobId);
    expect([failed.status, failed.error?.message]).toEqual(['failed', 'the model is broken']);
    isBroken = false;
    await harness.jobs.resumeJob(jobId);
    const job = await harness.untilJobEnded(jobId);
    expect(job.status).toBe('succeeded');
    expect(predicted.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
    // One row was refused: the catalogue is kept, so that it can be mended.
    const listKeys = async () =>
      (await harness.services.artifacts.list(jobWorkFolder(jobId))).map(({ key }) => key);
    await expect.poll(listKeys, { timeout: 20_000 }).toEqual([`${jobWorkFolder(jobId)}/catalogue`]);
    await harness.jobs.deleteJob(jobId);
    expect(await harness.services.artifacts.list(jobFolder(jobId))).toEqual([]);
    await expect(harness.getJob(jobId)).rejects.toMatchObject({ code: 'not-found' });
  });

  it.skipIf(!hasServer)(
    'that is paused stops, keeps what is done, and goes on when it is told to',
    async () => {
      const harness = await start();
      let isHeld = true;
      let held = 0;
      const predicted: number[] = [];
      await harness.openJobWorkers((steps) => ({
        ...steps,
        'predict-shard': async (payload, context) => {
          if (isHeld && payload.shard >= 2) {
            held += 1;
            await untilAborted(context.signal).finally(() => (held -= 1));
          }
          predicted.push(payload.shard);
          return await steps['predict-shard'](payload, context);
        },
      }));
      const jobId = await harness.start(drawCatalogue(60), { count: 1 });
      await expect.poll(async () => (await harness.getJob(jobId)).shards.done, { timeout: 30_000 }).toBe(2);
      await harness.jobs.pauseJob(jobId);
      await expect(harness.jobs.pauseJob(jobId)).rejects.toMatchObject({ code: 'conflict' });
      expect(await harness.getJob(jobId)).toMatchObject({
        status: 'paused',
        shards: { done: 2 },
        error: null,
      });
      // Its workers hear of it within a second or so; an attempt that did not would simply go on.
      await expect.poll(() => held, { timeout: 30_000 }).toBe(0);
      isHeld = false;
      await harness.jobs.resumeJob(jobId);
      expect((await harness.untilJobEnded(jobId)).status).toBe('succeeded');
      await expect(harness.jobs.cancelJob(jobId)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('only a job that has not ended can be cancelled') as string,
      });
      expect(predicted.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
    },
  );

  it.skipIf(!hasServer)('is cancelled while it is paused, and stays so', async () => {
    const harness = await start();
    const jobId = await harness.start(drawCatalogue(20), { count: 1 });
    await harness.jobs.pauseJob(jobId);
    await harness.jobs.cancelJob(jobId);
    expect((await harness.getJob(jobId)).status).toBe('cancelled');
    await expect(harness.jobs.resumeJob(jobId)).rejects.toMatchObject({ code: 'conflict' });
  });

  it.skipIf(!hasServer)('of which no row can be used fails with the first reasons', async () => {
    const harness = await start();
    await harness.openJobWorkers();
    const job = await harness.untilJobEnded(await harness.start('title,description\n,one\n,two\n'));
    expect([job.status, job.error?.code]).toEqual(['failed', 'bad-data']);
    expect(job.error?.message).toContain('all 2 rows of the catalogue were refused');
    expect(job.error?.message).toContain('line 2: title "" must not be empty');
  });
});

/** Hangs until the attempt is told to stop, and then throws as a stage does. */
async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}
