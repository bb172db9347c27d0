/**
 * The policy `explore` over HTTP: texts by chance, each with the probability that it had, by what was counted
 * of them.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSilentLogger } from '../../src/core/log.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openRetrainTrigger } from '../../src/server/feedback/retrain-trigger.ts';
import { ACCURACY_TAG } from '../../src/tracking/index.ts';
import { openExplorer } from '../../src/serving/index.ts';
import type { Server } from '../../src/server/index.ts';
import { copyTinyModels } from './shared-models.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

const product = {
  title: 'Desk Lamp',
  description: 'A warm light for the desk. Dims in three steps.',
  count: 4,
};

interface Answer {
  prediction_id: string;
  data: { ad_copy: string };
  policy?: string;
  alternatives: Record<string, { text: string; score: number; text_id: string; propensity?: number }[]>;
  text_ids: Record<string, string>;
}

let folder: string;
let harness: ServerHarness;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-explore-'));
  ({ harness, server } = await openServingHarness(folder));
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const predict = async (extra: object = {}): Promise<Answer> =>
  (await postJson(`${server.url}/predict`, { ...product, ...extra })).body as unknown as Answer;
const adCopyOf = (answer: Answer) => answer.alternatives['ad_copy'] ?? [];

describe('the policy best', () => {
  it('is the default, and answers the same text without a propensity', async () => {
    const [first, second] = [await predict(), await predict({ policy: 'best' })];
    expect(second.data.ad_copy).toBe(first.data.ad_copy);
    expect(first.policy).toBeUndefined();
    expect(adCopyOf(first).every(({ propensity }) => propensity === undefined)).toBe(true);
  });
});

describe('the policy explore', () => {
  it('answers each text about as often as its propensity says, and puts the answered one first', async () => {
    const draws = 300;
    const shown = new Map<string, number>();
    let propensities = new Map<string, number>();
    for (let i = 0; i < draws; i += 1) {
      const answer = await predict({ policy: 'explore' });
      expect(answer.policy).toBe('explore');
      const texts = adCopyOf(answer);
      expect(texts[0]?.text).toBe(answer.data.ad_copy);
      propensities = new Map(texts.map(({ text, propensity }) => [text, propensity ?? 0]));
      shown.set(answer.data.ad_copy, (shown.get(answer.data.ad_copy) ?? 0) + 1);
    }
    expect([...propensities.values()].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 9);
    for (const [text, p] of propensities) {
      // Five standard errors, and a text more.
      const spread = 5 * Math.sqrt((p * (1 - p)) / draws) + 1 / draws;
      expect(Math.abs((shown.get(text) ?? 0) / draws - p)).toBeLessThan(spread);
    }
  });

  it('draws by the propensities that it tells on each of several servers, whatever each has read by then', async () => {
    const second = await harness.openServer();
    const expected = new Map<string, { sum: number; variance: number; shown: number }>();
    for (let i = 0; i < 160; i += 1) {
      const url = i % 2 === 0 ? server.url : second.url;
      const { body } = await postJson(`${url}/predict`, { ...product, policy: 'explore' });
      const texts = adCopyOf(body as unknown as Answer);
      for (const [place, { text, propensity = 0 }] of texts.entries()) {
        const of = expected.get(text) ?? { sum: 0, variance: 0, shown: 0 };
        of.sum += propensity;
        of.variance += propensity * (1 - propensity);
        of.shown += place === 0 ? 1 : 0;
        expected.set(text, of);
      }
    }
    for (const { sum, variance, shown } of expected.values())
      expect(Math.abs(shown - sum)).toBeLessThan(5 * Math.sqrt(variance) + 1);
  });

  it('keeps the propensities of all texts with the stored prediction', async () => {
    const answer = await predict({ policy: 'explore' });
    const stored = (await (await fetch(`${server.url}/predictions/${answer.prediction_id}`)).json()) as {
      prediction: { response: Answer };
    };
    expect(stored.prediction.response.alternatives).toEqual(answer.alternatives);
  });

  it('is certain of the one text there is with count 1', async () => {
    const answer = await predict({ policy: 'explore', count: 1 });
    expect(adCopyOf(answer)).toMatchObject([{ score: null }]);
    expect(answer.data.ad_copy).toBe(adCopyOf(answer)[0]?.text);
  });

  it("prefers what was counted to earn more of the product's texts, and leaves every other its floor", async () => {
    const answer = await predict();
    const texts = adCopyOf(answer);
    // Neither end of the ranking: what scores mean in clicks cannot say so of another product.
    const winner = texts[1];
    for (const { text_id } of texts)
      await postJson(`${server.url}/feedback`, {
        text_id,
        day: '2026-01-02',
        source: 'ads',
        impressions: 2000,
        clicks: text_id === winner?.text_id ? 300 : 20,
      });
    const explorer = openExplorer({
      db: harness.database.db,
      floor: 0.02,
      reward: 'clicks',
      isDefault: false,
      log: createSilentLogger(),
    });
    await explorer.refresh();
    const scored = texts.map(({ text, score }) => ({ text, score }));
    const propensities = explorer.policyFor(product)('ad_copy', scored);
    expect(propensities[1]).toBeGreaterThan(0.9);
    expect(Math.min(...propensities)).toBeGreaterThanOrEqual(0.02);
    // Another product's texts are read by their scores alone.
    const others = explorer.policyFor({ ...product, title: 'Mug' })('ad_copy', scored);
    expect(others[1]).toBeLessThan(0.5);
    await explorer.close();
  });

  it('gives equal scores equal chances', () => {
    const explorer = openExplorer({
      db: harness.database.db,
      floor: 0,
      reward: 'clicks',
      isDefault: false,
      log: createSilentLogger(),
    });
    const equal = ['a', 'b', 'c'].map((text) => ({ text, score: 0.5 }));
    const propensities = explorer.policyFor({ title: 'Mug', description: '' })('x.text', equal);
    for (const p of propensities) expect(p).toBeCloseTo(1 / 3, 6);
    return explorer.close();
  });
});

describe('GET /learning/value', () => {
  const ask = async (query: string) => {
    const response = await fetch(`${server.url}/learning/value?${query}`);
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };

  it('says why the log cannot say, and refuses what it does not have', async () => {
    expect((await ask('version=1&field=x.text')).body).toMatchObject({
      value: null,
      because: expect.stringMatching(/0 texts with clicks were chosen by chance/) as string,
    });
    expect((await ask('version=9')).status).toBe(404);
    expect((await ask('version=1&reward=likes')).status).toBe(400);
  });

  it('judges another version by its own scores, beside the champion', async () => {
    const [, second = ''] = await copyTinyModels(path.join(folder, 'more'), ['first', 'second']);
    const version = await harness.register(second);
    const rows = [];
    // One draw in four is what the version would have chosen; thirty such are the least that say something.
    const draws = 480;
    for (let i = 0; i < draws; i += 1) {
      const { text_ids } = await predict({ title: `Lamp ${i}`, policy: 'explore' });
      rows.push(`${text_ids['ad_copy']},2026-01-03,100,${i % 7}`);
    }
    const report = ['text_id,day,impressions,clicks', ...rows, ''].join('\n');
    const headers = { 'content-type': 'text/csv' };
    await fetch(`${server.url}/feedback/batch`, { method: 'POST', body: report, headers });
    const { body } = await ask(`version=${version}&field=ad_copy&since=2026-01-01T00:00:00Z`);
    expect(body).toMatchObject({ version, champion: 1, because: null });
    const value = body['value'] as unknown as Record<'version' | 'champion', { dr: number; choices: number }>;
    for (const { dr, choices } of [value.version, value.champion]) {
      expect(choices).toBeGreaterThanOrEqual(draws);
      expect(dr).toBeGreaterThan(0);
      expect(dr).toBeLessThan(0.1);
    }
  });
});

describe('a champion that has lost accuracy', () => {
  it('has a run started by itself where that is asked for, once', async () => {
    await harness.tracking.registry.setVersionTag('copy-quality', 1, ACCURACY_TAG, '1');
    const { config, database, runs } = harness;
    const check = async (startRun: number | null): Promise<string | undefined> => {
      const trigger = openRetrainTrigger({
        db: database.db,
        starter: runs,
        config: {
          ...config,
          feedback: { ...config.feedback, retrainAfter: 0 },
          learning: { ...config.learning, drift: { days: 7, minimum: 100, startRun } },
        },
        clock: systemClock,
        log: createSilentLogger(),
      });
      const started = await trigger.check();
      await trigger.close();
      return started;
    };
    expect(await check(null)).toBeUndefined();
    const runId = await check(0.01);
    expect(await harness.getRun(runId ?? '')).toMatchObject({ trigger: 'drift' });
    await runs.cancelRun(runId ?? '');
    expect(await check(0.01)).toBeUndefined();
  });
});
