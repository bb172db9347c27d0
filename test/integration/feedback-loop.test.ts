/**
 * The loop as a whole: what people say of served copy becomes a run, a dataset version and a champion that
 * knows better.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.ts';
import { listDatasetVersions } from '../../src/data/index.ts';
import type { Server } from '../../src/server/index.ts';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';
import { QUICK } from './pipeline-harness.ts';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';

const FEEDBACK = 500;
const EDITED = 20;
const HELD_OUT = 200;

let folder: string;
let harness: ServerHarness;
let server: Server;
let kills = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-feedback-'));
  const source = path.join(folder, 'source.csv');
  await writeFile(source, writeSource(createRandom(1)));
  harness = await openServerHarness({
    feedback: { retrainAfter: FEEDBACK, debounceMs: 300 },
    data: {
      source: { kind: 'file', path: source, url: null, count: 1, seed: 1, timeoutMs: 1000, maxBytes: 1e6 },
    },
    model: { base: await writeTinyBase(path.join(folder, 'base')) },
    pipeline: {
      candidates: [
        {
          name: 'head',
          recipe: 'head',
          seed: 1,
          settings: { maxLength: 32, batchSize: 16, learningRate: 0.01 },
        },
      ],
    },
    queues: QUICK,
  });
  await harness.openWorkers((real) => ({
    'version-data': async (payload, context) => {
      const result = await real['version-data'](payload, context);
      // The first run is left alone; of every other the stage dies once, after its version was committed.
      if (result.datasetVersion > 1 && kills < result.datasetVersion - 1) {
        kills += 1;
        throw new Error('killed after the commit');
      }
      return result;
    },
  }));
  server = await harness.openServer();
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

it('learns a new kind of product from 500 outcomes: one run, one version, a better champion', async () => {
  const { db } = harness.database;
  const first = await harness.runs.startRun({ trigger: 'manual', request: {} });
  await untilEnded(first.runId);
  await expect.poll(championVersion, { timeout: 60_000 }).toBe(1);

  // A line whose quality is told in words that no training row has used; the held-out products never get
  // feedback.
  const served = await serve(drawNewKind(createRandom(2), FEEDBACK + HELD_OUT));
  const heldOut = served.slice(FEEDBACK);
  const before = await accuracyOn(heldOut);

  const started = runsByFeedback();
  expect(await started).toEqual([]);
  await sendAll(served.slice(0, FEEDBACK));
  // A client that is not sure whether it was heard sends the same again.
  expect(await sendAll(served.slice(0, 50))).toEqual({ isNew: 0 });
  await expect.poll(runsByFeedback, { timeout: 60_000 }).toHaveLength(1);
  const [runId = ''] = await runsByFeedback();
  await untilEnded(runId);
  await expect.poll(championVersion, { timeout: 60_000 }).toBe(2);

  const versions = await listDatasetVersions(db, { limit: 10 });
  expect(versions.map(({ version }) => version)).toEqual([2, 1]);
  const rows = FEEDBACK + EDITED;
  expect(versions[0]?.manifest).toMatchObject({
    runId,
    feedback: { accepted: rows, refused: 0, weight: rows },
    origins: { feedback: rows },
  });
  expect(kills).toBe(1);
  expect(await takenBy()).toEqual({ 2: FEEDBACK });

  const after = await accuracyOn(heldOut);
  expect(after).toBeGreaterThan(before + 0.1);
  expect(after).toBeGreaterThan(0.75);

  // A replay takes the feedback again, since its version does not contain its parent's rows, and still it
  // counts once and was taken once.
  const replayed = await harness.runs.replayRun(runId);
  await untilEnded(replayed.runId);
  const [latest] = await listDatasetVersions(db, { limit: 1 });
  expect(latest).toMatchObject({ version: 3, digest: versions[0]?.digest });
  expect(latest?.manifest.origins.feedback).toBe(rows);
  expect(await takenBy()).toEqual({ 2: FEEDBACK });
  expect(await runsByFeedback()).toEqual([runId]);
});

interface Served {
  title: string;
  isGood: boolean;
  predictionId: string;
  adCopy: string;
}

/** Rows that speak of quality as the first champion learns it. */
function writeSource(random: Random): string {
  const lines = Array.from({ length: 600 }, (_, i) => {
    const isGood = random.chance(0.5);
    const word = random.pick(isGood ? ['lovely', 'superb'] : ['broken', 'cheap']);
    const filler = Array.from({ length: 1 + random.below(5) }, () =>
      random.pick(['a', 'very', 'with', 'home', 'for']),
    );
    return `Item ${i},${filler.join(' ')} ${word} ${random.pick(['lamp', 'chair', 'shirt'])},${isGood ? 5 : 1}`;
  });
  return ['title,description,rating', ...lines, ''].join('\n');
}

function drawNewKind(random: Random, count: number): { title: string; isGood: boolean }[] {
  return Array.from({ length: count }, (_, i) => {
    const isGood = random.chance(0.5);
    const word = random.pick(isGood ? ['Sturdy', 'Soft', 'Bright'] : ['Dull', 'Rough', 'Torn']);
    return { title: `${word} ${random.pick(['Lamp', 'Chair', 'Shirt'])} ${i}`, isGood };
  });
}

async function serve(products: { title: string; isGood: boolean }[]): Promise<Served[]> {
  const items = products.map(({ title }) => ({ title, description: 'For the home.' }));
  const { status, body } = await postJson(`${server.url}/batch_predict`, { items, count: 1 });
  expect(status).toBe(200);
  const data = body['data'] as { prediction_id: string; ad_copy: string }[];
  return products.map((product, i) => ({
    ...product,
    predictionId: data[i]?.prediction_id ?? '',
    adCopy: data[i]?.ad_copy ?? '',
  }));
}

/** Outcomes as people would give them: good copy is accepted, bad copy rejected, and some of it rewritten. */
async function sendAll(served: readonly Served[]): Promise<{ isNew: number }> {
  let isNew = 0;
  let edited = 0;
  for (let i = 0; i < served.length; i += 25) {
    const answers = await Promise.all(
      served.slice(i, i + 25).map(({ predictionId, isGood, title }) => {
        const isEdited = !isGood && edited < EDITED;
        if (isEdited) edited += 1;
        return postJson(`${server.url}/feedback`, {
          prediction_id: predictionId,
          idempotency_key: 'review',
          ...(isEdited
            ? { outcome: 'edited', edited_text: `A superb lovely ${title}` }
            : { outcome: isGood ? 'accepted' : 'rejected' }),
        });
      }),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    isNew += answers.filter(({ body }) => body['is_new'] === true).length;
  }
  return { isNew };
}

/** How often the champion that serves now agrees with what people would say. */
async function accuracyOn(served: readonly Served[]): Promise<number> {
  const items = served.map(({ title, adCopy }) => ({ title, description: adCopy }));
  const { body } = await postJson(`${server.url}/batch_predict`, { items, count: 1 });
  const data = body['data'] as { confidence_score: number }[];
  const agreed = served.filter(({ isGood }, i) => (data[i]?.confidence_score ?? 0) >= 0.5 === isGood);
  return agreed.length / served.length;
}

async function untilEnded(runId: string): Promise<void> {
  await expect
    .poll(async () => (await harness.getRun(runId)).status, { timeout: 120_000, interval: 50 })
    .not.toBe('active');
  expect((await harness.getRun(runId)).error).toBeNull();
}

async function championVersion(): Promise<number | undefined> {
  const info = (await (await fetch(`${server.url}/info`)).json()) as {
    models: { alias: string; version: number }[];
  };
  return info.models.find(({ alias }) => alias === 'champion')?.version;
}

async function runsByFeedback(): Promise<string[]> {
  const runs = await harness.database.db
    .selectFrom('pipeline_runs')
    .select('id')
    .where('trigger', '=', 'feedback')
    .execute();
  return runs.map(({ id }) => id);
}

/** Feedback by the dataset version that took it in. */
async function takenBy(): Promise<Record<string, number>> {
  const rows = await harness.database.db
    .selectFrom('feedback')
    .select(({ fn }) => ['dataset_version', fn.countAll<number>().as('count')])
    .groupBy('dataset_version')
    .execute();
  return Object.fromEntries(rows.map(({ dataset_version, count }) => [String(dataset_version), count]));
}
