import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createApiKey, revokeApiKey, type Server } from '../../src/server/index.ts';
import { openVersionScorers } from '../../src/serving/index.ts';
import { copyTinyModels } from './shared-models.ts';
import { openServerHarness, postJson, type ServerHarness, type ServerOverrides } from './server-harness.ts';

let folder: string;
let models: string[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-models-'));
  models = await copyTinyModels(folder, ['first', 'second']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let harness: ServerHarness;
let server: Server;
async function open(overrides: ServerOverrides = {}): Promise<void> {
  harness = await openServerHarness(overrides);
  await harness.setAlias('champion', await harness.register(models[0] ?? ''));
  server = await harness.openServer();
}
afterEach(() => harness.close());

const product = { title: 'Lamp', description: 'a lovely bright lamp for the home', count: 1 };
const versionOf = (body: Record<string, unknown>): number => (body['model'] as { version: number }).version;
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? Number.NaN);
};

describe('a version that is asked for by its number', () => {
  it('scores and chooses in place of the champion, and is 404 where there is none', async () => {
    await open();
    const version = await harness.register(models[1] ?? '');
    const ask = async (asked: object) => await postJson(`${server.url}/predict`, { ...product, ...asked });
    const [champion, first, second] = [await ask({}), await ask({ version: 1 }), await ask({ version })];
    const scoreOf = ({ body }: typeof first): number =>
      (body['data'] as { confidence_score: number }).confidence_score;
    expect(first.body['model']).toEqual({ name: 'copy-quality', version: 1, alias: 'none' });
    expect(second.body['model']).toEqual({ name: 'copy-quality', version, alias: 'none' });
    expect(scoreOf(first)).toBeCloseTo(scoreOf(champion), 1);
    expect(scoreOf(second)).not.toBe(scoreOf(first));
    expect((await ask({ version: 99 })).status).toBe(404);
  });

  it('takes the room of the one that nobody has used for longest, and is refused while all are in use', async () => {
    await open();
    const { tracking, artifacts, config } = harness;
    for (let version = 2; version <= 3; version += 1) await harness.register(models[0] ?? '');
    const scorers = openVersionScorers({
      registry: tracking.registry,
      artifacts,
      config,
      log: createSilentLogger(),
      mostVersions: 2,
    });
    const score = async (version: number, during?: () => Promise<void>): Promise<number[]> =>
      await scorers.withVersion({ name: 'copy-quality', version }, async (scoreAll) => {
        await during?.();
        return await scoreAll(['a bright lamp'], new AbortController().signal);
      });
    const isLoaded = async (version: number): Promise<boolean> =>
      (await readdir(path.join(config.storage.varDir, 'serving'), { recursive: true })).some((name) =>
        path.basename(name).startsWith(`copy-quality-${version}-`),
      );
    try {
      const expected = await score(2);
      await score(1, async () => {
        await score(2, async () => {
          await expect(score(3)).rejects.toMatchObject({
            code: 'too-busy',
            details: { retryAfterSeconds: expect.any(Number) as number },
          });
        });
      });
      expect(await score(3)).toEqual(expected);
      expect([await isLoaded(2), await isLoaded(3)]).toEqual([false, true]);
      expect(await score(2)).toEqual(expected);
    } finally {
      await scorers.close();
    }
  });
});

describe('a new champion', () => {
  it('takes over under load five times: no request fails and each answer is whole', async () => {
    await open({ serving: { cacheEntries: 0 } });
    const versions = [1, await harness.register(models[1] ?? '')];
    const expected = new Map<number, number>();
    for (const version of versions) {
      await harness.setAlias('champion', version);
      await expect
        .poll(async () => versionOf((await postJson(`${server.url}/predict`, product)).body), {
          timeout: 120_000,
        })
        .toBe(version);
      const { body } = await postJson(`${server.url}/predict`, product);
      expected.set(version, (body['data'] as { confidence_score: number }).confidence_score);
    }
    expect(expected.get(1)).not.toBe(expected.get(2));

    let isDone = false;
    const seen = new Set<number>();
    const failures: unknown[] = [];
    const client = async (): Promise<void> => {
      while (!isDone) {
        const { status, body } = await postJson(`${server.url}/predict`, product);
        const version = status === 200 ? versionOf(body) : 0;
        seen.add(version);
        const score = (body['data'] as { confidence_score: number } | undefined)?.confidence_score ?? 0;
        if (Math.abs(score - (expected.get(version) ?? Infinity)) > 0.02) failures.push({ status, body });
      }
    };
    const clients = Array.from({ length: 16 }, client);
    for (let swap = 0; swap < 5; swap += 1) {
      const version = versions[swap % 2] ?? 1;
      await harness.setAlias('champion', version);
      await expect
        .poll(() => metric('copyloop_served_model_version{alias="champion"}'), { timeout: 120_000 })
        .toBe(version);
    }
    isDone = true;
    await Promise.all(clients);
    expect(failures).toEqual([]);
    expect(seen).toEqual(new Set(versions));
    await expect
      .poll(() => metric('copyloop_model_loads_total{result="unloaded"}'))
      .toBeGreaterThanOrEqual(5);
  });

  it('makes every server process serve the new champion', async () => {
    await open();
    const other = await harness.openServer();
    const second = await harness.register(models[1] ?? '');
    await harness.setAlias('champion', second);
    for (const { url } of [server, other]) {
      await expect
        .poll(async () => versionOf((await postJson(`${url}/predict`, product)).body), { timeout: 120_000 })
        .toBe(second);
    }
  });

  it('is undone by a rollback over the API', async () => {
    await open();
    const second = await harness.register(models[1] ?? '');
    await harness.setAlias('champion', second);
    await expect
      .poll(async () => versionOf((await postJson(`${server.url}/predict`, product)).body), {
        timeout: 120_000,
      })
      .toBe(second);
    const rollback = await postJson(`${server.url}/models/copy-quality/aliases/champion/rollback`, {
      reason: 'worse in the shop',
    });
    expect(rollback).toMatchObject({ status: 200, body: { version: { version: 1 } } });
    await expect
      .poll(async () => versionOf((await postJson(`${server.url}/predict`, product)).body), {
        timeout: 120_000,
      })
      .toBe(1);
    const history = await fetch(`${server.url}/models/copy-quality/aliases/champion/history`);
    expect(((await history.json()) as { history: unknown[] }).history[0]).toMatchObject({
      kind: 'rollback',
      from_version: second,
      to_version: 1,
      moved_by: 'local user',
      reason: 'worse in the shop',
    });
    const again = (body: unknown) =>
      postJson(`${server.url}/models/copy-quality/aliases/champion/rollback`, body);
    expect((await again({ reason: 'once more' })).status).toBe(409);
    expect((await again({})).status).toBe(400);
  });
});

describe('traffic', () => {
  const put = (body: unknown): Promise<Response> =>
    fetch(`${server.url}/serving/traffic`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const ask = (key: string) => postJson(`${server.url}/predict`, product, { 'x-sticky-key': key });

  beforeEach(async () => {
    await open();
    await harness.setAlias('challenger', await harness.register(models[1] ?? ''));
  });

  it('is divided by a sticky key and taken back in one call', async () => {
    expect((await put({ champion: 50, challenger: 50 })).status).toBe(200);
    const keys = Array.from({ length: 40 }, (_, index) => `shop-${index}`);
    const first = await Promise.all(keys.map(async (key) => versionOf((await ask(key)).body)));
    expect(new Set(first)).toEqual(new Set([1, 2]));
    const again = await Promise.all(keys.map(async (key) => versionOf((await ask(key)).body)));
    expect(again).toEqual(first);
    expect((await put({ champion: 100 })).status).toBe(200);
    const back = await Promise.all(keys.map(async (key) => versionOf((await ask(key)).body)));
    expect(new Set(back)).toEqual(new Set([1]));
  });

  it('is refused when it does not make a whole', async () => {
    const refused = await put({ champion: 80, challenger: 10 });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { field: 'champion' } });
  });

  it('is copied to a challenger in the shadow, whose scores are only measured', async () => {
    expect((await put({ champion: 100, challenger: 0, shadow: true })).status).toBe(200);
    expect(versionOf((await ask('a')).body)).toBe(1);
    await expect.poll(() => metric('copyloop_shadow_total{result="scored"}')).toBe(1);
    expect(await metric('copyloop_shadow_score_difference_count')).toBe(1);
  });
});

describe('a server under more load than it can bear', () => {
  it('refuses at once with 429 and Retry-After, and answers the rest', async () => {
    await open({ serving: { maxQueueTokens: 1000, cacheEntries: 0 } });
    const items = Array.from({ length: 40 }, (_, index) => ({ ...product, title: `Lamp ${index}` }));
    const answers: Awaited<ReturnType<typeof postJson>>[] = [];
    const statuses = async (): Promise<Set<number>> => {
      const wave = items.map((item) => postJson(`${server.url}/predict`, { ...item, count: 8 }));
      answers.push(...(await Promise.all(wave)));
      return new Set(answers.map(({ status }) => status));
    };
    // Where the event loop gets little of the cores, the scoring threads keep up with a wave or two.
    await expect.poll(statuses, { timeout: 30_000 }).toEqual(new Set([200, 429]));
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused?.body).toMatchObject({ error: { code: 'too-busy', limit: 1000 } });
    expect(await metric('copyloop_dropped_texts_total{reason="overloaded"}')).toBeGreaterThan(0);
    expect((await postJson(`${server.url}/predict`, product)).status).toBe(200);
  });

  it('gives up a call whose deadline passes, and counts its texts', async () => {
    await open({ serving: { cacheEntries: 0 } });
    const items = Array.from({ length: 300 }, (_, index) => ({ ...product, title: `Lamp ${index}` }));
    const late = await postJson(
      `${server.url}/batch_predict`,
      { items, count: 8 },
      { 'x-request-timeout-ms': '5' },
    );
    expect(late).toMatchObject({ status: 504, body: { error: { code: 'timed-out' } } });
    expect(await metric('copyloop_dropped_texts_total{reason="timed-out"}')).toBeGreaterThan(0);
    const refused = await postJson(`${server.url}/predict`, product, { 'x-request-timeout-ms': 'soon' });
    expect(refused).toMatchObject({ status: 400, body: { error: { field: 'X-Request-Timeout-Ms' } } });
  });

  it('gives up the texts of a caller who hung up, and counts them', async () => {
    await open({ serving: { cacheEntries: 0 } });
    const items = Array.from({ length: 50 }, (_, index) => ({
      ...product,
      title: `Lamp ${index}`,
      count: 64,
    }));
    const leaving = new AbortController();
    const left = fetch(`${server.url}/batch_predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items }),
      signal: leaving.signal,
    }).catch((error: unknown) => error);
    await expect.poll(() => metric('copyloop_batch_texts_count')).toBeGreaterThan(1);
    leaving.abort();
    expect(await left).toMatchObject({ name: 'AbortError' });
    await expect.poll(() => metric('copyloop_dropped_texts_total{reason="hung-up"}')).toBeGreaterThan(0);
    await expect.poll(() => metric('copyloop_queue_texts{model_version="1"}')).toBe(0);
    expect((await postJson(`${server.url}/predict`, product)).status).toBe(200);
  });

  it('answers a lone text while a call of ten thousand is at work, whose queue it shares', async () => {
    await open({ serving: { maxQueueTokens: 20_000, cacheEntries: 0 } });
    const inputs = Array.from({ length: 10_000 }, (_, index) => `a lovely bright lamp ${index}`);
    let isDone = false;
    const large = postJson(`${server.url}/tei/predict`, { inputs }).finally(() => (isDone = true));
    await expect.poll(() => metric('copyloop_batch_texts_count')).toBeGreaterThan(1);
    expect((await postJson(`${server.url}/predict`, product)).status).toBe(200);
    expect(isDone).toBe(false);
    const { status, body } = await large;
    expect(status).toBe(200);
    expect(body).toHaveLength(10_000);
    expect(await metric('copyloop_dropped_texts_total{reason="overloaded"}')).toBeNaN();
  });

  it('answers what it began before it closes', async () => {
    await open({ serving: { cacheEntries: 0 } });
    const asked = Array.from({ length: 20 }, (_, index) =>
      postJson(`${server.url}/predict`, { ...product, title: `Lamp ${index}` }),
    );
    await expect
      .poll(() => metric('copyloop_http_requests_total{method="GET",route="/metrics",status="200"}'))
      .toBeGreaterThan(0);
    await server.close();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual(Array(20).fill(200));
    await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed');
  });
});

describe('API keys', () => {
  it('are asked for where the server is told to, and can be revoked', async () => {
    await open({ server: { apiKeys: 'required' } });
    const { id, key } = await createApiKey(harness.database.db, { name: 'shop', role: 'reader' });
    const send = (headers: Record<string, string>) => postJson(`${server.url}/predict`, product, headers);
    expect((await send({})).status).toBe(401);
    expect((await send({ authorization: 'Bearer nonsense' })).status).toBe(401);
    expect(
      (await send({ 'x-api-key': key.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')) })).status,
    ).toBe(401);
    expect((await send({ authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await send({ 'x-api-key': key })).status).toBe(200);
    const basic = Buffer.from(`anyone:${key}`).toString('base64');
    expect((await send({ authorization: `Basic ${basic}` })).status).toBe(200);
    for (const open of ['/health', '/ready', '/ping', '/v2/health/live']) {
      expect((await fetch(`${server.url}${open}`)).status).toBe(200);
    }
    for (const closed of [
      '/metrics',
      '/queues',
      '/docs',
      '/api/2.0/mlflow/experiments/search',
      '/tei/predict',
    ]) {
      expect((await fetch(`${server.url}${closed}`)).status).toBe(401);
    }
    const rows = await harness.database.db.selectFrom('api_keys').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(key);
    await revokeApiKey(harness.database.db, id);
    const other = await harness.openServer();
    expect((await postJson(`${other.url}/predict`, product, { 'x-api-key': key })).status).toBe(401);
  });
});

describe('feedback', () => {
  it('starts one run when there is enough of it, and not before', async () => {
    await open({ feedback: { retrainAfter: 3, debounceMs: 0 } });
    const runs = async (): Promise<{ trigger: string }[]> =>
      ((await (await fetch(`${server.url}/runs`)).json()) as { runs: { trigger: string }[] }).runs;
    for (let count = 1; count <= 4; count += 1) {
      expect(await runs()).toEqual(count <= 3 ? [] : [expect.objectContaining({ trigger: 'feedback' })]);
      const { body } = await postJson(`${server.url}/predict`, product);
      const id = body['prediction_id'];
      expect(
        (await postJson(`${server.url}/feedback`, { prediction_id: id, outcome: 'rejected' })).status,
      ).toBe(200);
      if (count === 3) await expect.poll(async () => (await runs()).length).toBe(1);
    }
    expect(await runs()).toHaveLength(1);
  });
});

describe('texts of a language model', () => {
  /** Answers each field that is asked for, in the shape of OpenAI. */
  const openProvider = async () => {
    const provider = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        const { messages } = JSON.parse(body) as { messages: { content: string }[] };
        const { fields } = JSON.parse(messages.at(-1)?.content ?? '{}') as {
          fields: Record<string, unknown>;
        };
        const texts = ['A bright oak lamp for the home.', 'A lamp with 5 steps, bright and lovely.'];
        const content = JSON.stringify(Object.fromEntries(Object.keys(fields).map((name) => [name, texts])));
        response.setHeader('content-type', 'application/json').end(
          JSON.stringify({
            model: 'm-2026',
            system_fingerprint: 'fp_1',
            choices: [{ message: { content }, finish_reason: 'stop' }],
            usage: { prompt_tokens: 1000, completion_tokens: 200 },
          }),
        );
      });
    });
    provider.listen(0, '127.0.0.1');
    await once(provider, 'listening');
    return provider;
  };

  it('are marked as such, carry what they claim, and are counted to the token', async () => {
    const provider = await openProvider();
    try {
      const { openai } = loadConfig({ env: {} }).config.copy;
      const baseUrl = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/v1`;
      const price = { prompt: 1, completion: 10, currency: 'EUR' };
      await open({
        copy: { writers: ['openai'], openai: { ...openai, baseUrl, model: 'm', repairs: 0, price } },
      });
      const asked = {
        title: 'Lamp',
        description: 'A lovely bright lamp of oak for the home. It has 5 steps.',
        count: 2,
        channels: ['sms'],
        claims: true,
      };
      const { status, body } = await postJson(`${server.url}/predict`, asked);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        writer: 'openai',
        fallback: null,
        ai_generated: {
          digital_source_type: 'trainedAlgorithmicMedia',
          fields: ['social_media_caption', 'ad_copy', 'sms.text'],
        },
        authors: [
          {
            writer: 'openai',
            model: 'm-2026',
            fingerprint: 'fp_1',
            prompt_tokens: 1000,
            completion_tokens: 200,
            cost: 0.003,
            currency: 'EUR',
          },
        ],
      });
      const [said] =
        (body['claims'] as Record<string, { claims: { text: string; source: string }[] }[]>)['sms.text'] ??
        [];
      expect(said?.claims.every(({ source }) => ['title', 'description'].includes(source))).toBe(true);
      expect(said?.claims.length).toBeGreaterThan(0);
      const day = { requests: 1, prompt_tokens: 1000, completion_tokens: 200, cost: 0.003, currency: 'EUR' };
      await expect
        .poll(async () => await (await fetch(`${server.url}/writers/usage`)).json(), { timeout: 60_000 })
        .toMatchObject({ usage: [{ writer: 'openai', model: 'm-2026', brand: null, ...day }] });
    } finally {
      provider.close();
    }
  });
});
