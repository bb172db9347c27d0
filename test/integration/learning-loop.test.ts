/**
 * Learning from end to end over HTTP: texts of three channels are clicked by a taste that nobody told, a
 * report brings the clicks, a run learns from them, and what it made takes a share of the traffic until its
 * clicks make it champion; a process dies after the run has won, and another in the middle of the verdict.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.ts';
import type { Server } from '../../src/server/index.ts';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';
import { QUICK } from './pipeline-harness.ts';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';

const MODEL = 'copy-quality';
const CHANNELS = ['x', 'sms', 'linkedin'];
const IMPRESSIONS = 2000;
/** Products in each part of the canary's trial. */
const TRIED = 240;
/** Of texts that are liked; by channel, since no two are clicked alike. */
const RATES: Readonly<Record<string, number>> = { 'x.text': 0.16, 'sms.text': 0.24, 'linkedin.text': 0.2 };
/** A word that the tiny base knows, and that some of the texts of every product hold. */
const isLiked = (text: string): boolean => /\ba\b/i.test(text);

let folder: string;
let harness: ServerHarness;
let server: Server;
let deaths = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-learning-'));
  const source = path.join(folder, 'source.csv');
  await writeFile(source, writeSource(createRandom(1)));
  harness = await openServerHarness({
    feedback: { retrainAfter: 0 },
    serving: {
      canary: { enabled: true, share: 0.5, alpha: 0.05, budget: 5_000_000, minimumEvents: 1000, maxDays: 30 },
    },
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
    'register-model': async (payload, context) => {
      const result = await real['register-model'](payload, context);
      if (result.decision === 'canary' && deaths === 0) {
        deaths += 1;
        throw new Error('killed after the canary was queued');
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

it('turns clicks of a report into a champion by way of a canary, and does nothing twice', async () => {
  await run();
  await expect.poll(() => versionOf('champion'), { timeout: 60_000 }).toBe(1);

  const random = createRandom(2);
  const shown = await serve('Tried', 150, { policy: 'explore' });
  expect(await report(shown, random)).toMatchObject({ rows: 450, new: 450, refused: 0 });
  // A report may come again as a whole.
  expect(await report(shown, createRandom(2))).toMatchObject({ new: 0, refused: 0, unchanged: 450 });
  const before = likedShare(await serve('Unseen', 60));

  expect(await run()).toMatchObject({
    decision: 'canary',
    reasons: [expect.any(String), expect.stringContaining('share of the traffic')],
  });
  expect(deaths).toBe(1);
  const begun = await settle();
  expect(begun).toMatchObject({ active: { version: 2, champion: 1, status: 'running' }, canaries: [{}] });
  await expect.poll(() => versionOf('challenger'), { timeout: 60_000 }).toBe(2);
  const byHand = await fetch(`${server.url}/serving/traffic`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"champion": 100}',
  });
  expect(byHand.status).toBe(409);

  const trial = await serve('Trial', TRIED);
  expect(new Set(trial.map(({ version }) => version))).toEqual(new Set([1, 2]));
  expect(likedShare(trial.filter(({ version }) => version === 2))).toBeGreaterThan(
    likedShare(trial.filter(({ version }) => version === 1)),
  );
  await report(trial, random);
  dieAfterNextMove();
  // Requests are divided by chance, so how many products it takes is chance too.
  let tried = TRIED;
  for (;;) {
    const { status, body } = await postJson(`${server.url}/learning/canary/settle`, {});
    // Either this look dies, or the server's own look has.
    if (status === 500 || body['active'] === null) break;
    expect(tried).toBeLessThan(10 * TRIED);
    await report(await serve(`Trial after ${tried}`, TRIED), random);
    tried += TRIED;
  }
  expect(await settle()).toMatchObject({
    active: null,
    canaries: [{ version: 2, status: 'promoted', settled_by: 'canary' }],
  });

  await expect.poll(() => versionOf('champion'), { timeout: 60_000 }).toBe(2);
  const after = await serve('Unseen', 60);
  expect(new Set(after.map(({ version }) => version))).toEqual(new Set([2]));
  expect(likedShare(after)).toBeGreaterThan(before);
  const { registry } = harness.tracking;
  const moves = async (alias: string) =>
    (await registry.aliasHistory(MODEL, alias)).map(({ movedBy, toVersion }) => [movedBy, toVersion]);
  expect(await moves('champion')).toEqual([
    ['canary', 2],
    ['gate', 1],
  ]);
  expect(await moves('challenger')).toEqual([
    ['canary', null],
    ['canary', 2],
  ]);
  expect((await registry.aliasHistory(MODEL, 'champion'))[0]?.reason).toMatch(
    /version 2 earned \d+ clicks of/,
  );
  const summary = (await (await fetch(`${server.url}/learning/summary`)).json()) as {
    channels: { channel: string; impressions: number }[];
  };
  expect(summary.channels.map(({ channel }) => channel)).toEqual(['linkedin', 'sms', 'x']);
  expect(summary.channels[0]?.impressions).toBe((150 + tried) * IMPRESSIONS);
});

/** Rows that speak of quality in words that no taste is about. */
function writeSource(random: Random): string {
  const lines = Array.from({ length: 400 }, (_, i) => {
    const isGood = random.chance(0.5);
    const word = random.pick(isGood ? ['lovely', 'superb'] : ['broken', 'cheap']);
    const filler = Array.from({ length: 1 + random.below(5) }, () =>
      random.pick(['a', 'very', 'with', 'for']),
    );
    return `Item ${i},${filler.join(' ')} ${word} ${random.pick(['lamp', 'chair', 'shirt'])},${isGood ? 5 : 1}`;
  });
  return ['title,description,rating', ...lines, ''].join('\n');
}

interface Shown {
  version: number;
  texts: { field: string; text: string; link: string }[];
}

async function serve(kind: string, count: number, options: object = {}): Promise<Shown[]> {
  const items = Array.from({ length: count }, (_, i) => ({
    title: `${kind} ${['Lamp', 'Chair', 'Shirt'][i % 3]} ${i}`,
    description: 'For every day.',
  }));
  const request = { items, channels: CHANNELS, count: 6, link: 'https://example.com/p', ...options };
  const { status, body } = await postJson(`${server.url}/batch_predict`, request);
  expect(status).toBe(200);
  const data = body['data'] as {
    model: { version: number };
    channels: Record<string, Record<string, string>>;
    links: Record<string, string>;
  }[];
  return data.map(({ model, channels, links }) => ({
    version: model.version,
    texts: CHANNELS.map((channel) => ({
      field: `${channel}.text`,
      text: channels[channel]?.['text'] ?? '',
      link: links[`${channel}.text`] ?? '',
    })),
  }));
}

const likedShare = (shown: readonly Shown[]): number => {
  const texts = shown.flatMap((one) => one.texts);
  return texts.filter(({ text }) => isLiked(text)).length / texts.length;
};

/** As an ad tool exports it: clicks by the address that was clicked. */
async function report(shown: readonly Shown[], random: Random): Promise<Record<string, unknown>> {
  const rows = shown.flatMap(({ texts }) =>
    texts.map(({ field, text, link }) => {
      const rate = (RATES[field] ?? 0) * (isLiked(text) ? 1 : 0.1);
      let clicks = 0;
      for (let i = 0; i < IMPRESSIONS; i += 1) clicks += random.chance(rate) ? 1 : 0;
      return `${new URL(link).searchParams.get('utm_content')},2026-01-02,${IMPRESSIONS},${clicks}`;
    }),
  );
  const answer = await fetch(`${server.url}/feedback/batch?source=ads`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: ['utm_content,date,Impressions,Clicks', ...rows, ''].join('\n'),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

async function run(): Promise<{ decision: string; reasons: string[] }> {
  const { runId } = await harness.runs.startRun({ trigger: 'manual', request: {} });
  await expect
    .poll(async () => (await harness.getRun(runId)).status, { timeout: 120_000, interval: 50 })
    .not.toBe('active');
  const { error, stages } = await harness.getRun(runId);
  expect(error).toBeNull();
  return stages.find(({ stage }) => stage === 'register-model')?.result as {
    decision: string;
    reasons: string[];
  };
}

async function settle(): Promise<Record<string, unknown>> {
  const { status, body } = await postJson(`${server.url}/learning/canary/settle`, {});
  expect(status).toBe(200);
  return body;
}

async function versionOf(alias: string): Promise<number | undefined> {
  const info = (await (await fetch(`${server.url}/info`)).json()) as {
    models: { alias: string; version: number }[];
  };
  return info.models.find((model) => model.alias === alias)?.version;
}

/** The next alias is moved, and whoever moved it is gone before it can go on. */
function dieAfterNextMove(): void {
  const { registry } = harness.tracking;
  const { setAlias } = registry;
  registry.setAlias = async (...args) => {
    registry.setAlias = setAlias;
    await setAlias(...args);
    throw new Error('killed');
  };
}
