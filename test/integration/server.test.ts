import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';
import { copyTinyModels } from './shared-models.ts';
import type { Server } from '../../src/server/index.ts';

let folder: string;
let models: string[];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-models-'));
  models = await copyTinyModels(folder, ['first', 'second']);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const product = { title: 'Lamp', description: 'a lovely bright lamp for the home' };

describe('a server without a champion', () => {
  let harness: ServerHarness;
  let server: Server;
  beforeAll(async () => {
    harness = await openServerHarness();
    server = await harness.openServer();
  });
  afterAll(() => harness.close());

  it('is alive but not ready, and says what to do', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    const ready = await fetch(`${server.url}/ready`);
    expect(ready.status).toBe(503);
    const predicted = await postJson(`${server.url}/predict`, product);
    expect(predicted.status).toBe(503);
    expect(predicted.body).toMatchObject({ status: 'error', error: { code: 'not-ready' } });
    expect(predicted.headers.get('retry-after')).not.toBeNull();
  });

  it('keeps serving nothing when a broken model becomes champion, tells why, and serves the next good one', async () => {
    const broken = path.join(folder, 'broken');
    await cp(models[0] ?? '', broken, { recursive: true });
    await writeFile(path.join(broken, 'onnx', 'model.onnx'), 'no model');
    await harness.setAlias('champion', await harness.register(broken));
    await expect
      .poll(async () => (await postJson(`${server.url}/predict`, product)).body['error'], { timeout: 20_000 })
      .toMatchObject({ message: expect.stringContaining('cannot be loaded') });
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
      'copyloop_model_load_failed{alias="champion"} 1',
    );

    await harness.setAlias('champion', await harness.register(models[0] ?? ''));
    await expect.poll(async () => (await fetch(`${server.url}/ready`)).status, { timeout: 20_000 }).toBe(200);
    expect((await postJson(`${server.url}/predict`, product)).status).toBe(200);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toContain(
      'copyloop_model_load_failed{alias="champion"} 0',
    );
  });
});

describe('a server with a champion', () => {
  let harness: ServerHarness;
  let server: Server;
  beforeAll(async () => {
    harness = await openServerHarness({ server: { bodyLimitBytes: 200_000, maxBatchItems: 50 } });
    await harness.setAlias('champion', await harness.register(models[0] ?? ''));
    server = await harness.openServer();
  });
  afterAll(() => harness.close());

  it('answers /predict with the contract, and more beside it', async () => {
    const { status, body, headers } = await postJson(`${server.url}/predict`, product, {
      'x-request-id': 'my-request',
    });
    expect(status).toBe(200);
    expect(Object.keys(body['data'] ?? {})).toEqual([
      'title',
      'description',
      'social_media_caption',
      'hashtags',
      'ad_copy',
      'confidence_score',
      'generated_at',
    ]);
    expect(body).toMatchObject({
      status: 'success',
      data: { ...product, hashtags: expect.any(Array), confidence_score: expect.any(Number) },
      model: { name: 'copy-quality', version: 1, alias: 'champion' },
      writer: 'templates',
      request_id: 'my-request',
    });
    expect(headers.get('x-request-id')).toBe('my-request');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    const alternatives = body['alternatives'] as Record<string, { score: number | null }[]>;
    expect(alternatives['ad_copy']?.length).toBeGreaterThan(1);
    expect(alternatives['ad_copy']?.every(({ score }) => score !== null)).toBe(true);
  });

  it('writes one candidate for count 1, variants for channels, and explains when asked', async () => {
    const one = await postJson(`${server.url}/predict`, { ...product, count: 1 });
    expect(one.body['alternatives']).toMatchObject({ ad_copy: [{ score: null }] });
    const rich = await postJson(`${server.url}/predict`, {
      ...product,
      channels: ['x', 'sms'],
      tone: 'playful',
      explain: true,
      seed: 3,
    });
    expect(rich.status).toBe(200);
    expect(Object.keys(rich.body['channels'] ?? {})).toEqual(['x', 'sms']);
    expect(rich.body['explanation']).toMatchObject({ phrases: expect.any(Array) });
  });

  it('answers a batch in its order, and takes records as /generate_data gives them', async () => {
    const generated = (await (await fetch(`${server.url}/generate_data?count=20&seed=5`)).json()) as {
      data: { id: string; title: string }[];
    };
    const { status, body } = await postJson(`${server.url}/batch_predict`, {
      items: generated.data,
      count: 2,
    });
    expect(status).toBe(200);
    const data = body['data'] as { id: string; title: string; prediction_id: string }[];
    expect(data.map(({ id, title }) => ({ id, title }))).toEqual(
      generated.data.map(({ id, title }) => ({ id, title })),
    );
    expect(new Set(data.map((item) => item.prediction_id)).size).toBe(20);
    expect((await postJson(`${server.url}/batch_predict`, [product, product])).body['count']).toBe(2);
  });

  it.each([
    ['malformed JSON', '/predict', '{"title": "x"', 400, undefined],
    ['no body', '/predict', '', 400, undefined],
    ['a wrong type', '/predict', { title: 5, description: 'x' }, 400, 'title'],
    ['an empty title', '/predict', { title: '', description: 'x' }, 400, 'title'],
    ['a blank title', '/predict', { title: ' \n ', description: 'x' }, 400, 'title'],
    ['a missing description', '/predict', { title: 'x' }, 400, 'description'],
    ['a long title', '/predict', { title: 'x'.repeat(1001), description: 'x' }, 400, 'title'],
    ['a control character', '/predict', { title: 'a\u0000b', description: 'x' }, 400, 'title'],
    ['an escape sequence', '/predict', { title: 'x', description: '\u001b[31mred' }, 400, 'description'],
    ['a lone surrogate', '/predict', '{"title": "\\ud83d", "description": "x"}', 400, 'title'],
    ['an unknown field', '/predict', { ...product, colour: 'red' }, 400, undefined],
    ['an unknown channel', '/predict', { ...product, channels: ['fax'] }, 400, 'channels.0'],
    ['a count of none', '/predict', { ...product, count: 0 }, 400, 'count'],
    ['an array', '/predict', [], 400, undefined],
    ['a body over the limit', '/predict', { title: 'x'.repeat(300_000), description: 'x' }, 413, 'body'],
    ['a batch of none', '/batch_predict', { items: [] }, 400, 'items'],
    ['a batch of ten thousand', '/batch_predict', { items: Array(10_000).fill(product) }, 400, 'items'],
    ['a bad item of a batch', '/batch_predict', [product, { title: 'x' }], 400, 'items.1.description'],
    ['feedback on nothing', '/feedback', { prediction_id: 'x', outcome: 'accepted' }, 400, 'prediction_id'],
    ['a run of no recipe', '/runs', { recipes: ['magic'] }, 400, 'candidates'],
    ['a run on a file of the server', '/runs', { source: { path: '/etc/passwd' } }, 403, 'source.path'],
    [
      'a run on what only the server reaches',
      '/runs',
      { source: { url: 'http://169.254.169.254/' } },
      403,
      'source.url',
    ],
    ['traffic that is not whole', '/serving/traffic', { champion: 50 }, 405, undefined],
  ])('refuses %s with the field and the limit', async (_name, route, sent, status, field) => {
    const answer = await postJson(`${server.url}${route}`, sent);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      status: 'error',
      error: { message: expect.any(String), ...(field && { field }) },
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.(ts|js):\d/);
  });

  it.each([
    ['right-to-left', 'مصباح جميل للبيت', 'مصباح جميل جدا'],
    ['emoji', 'Lamp 💡👨‍👩‍👧‍👦', 'Bright 🌞 and soft'],
    ['Chinese', '台灯', '明亮又柔软的台灯'],
    ['zero width', 'La\u200bmp', 'a\u200d lamp'],
  ])('takes %s text', async (_name, title, description) => {
    const { status, body } = await postJson(`${server.url}/predict`, { title, description });
    expect(status).toBe(200);
    expect(body['data']).toMatchObject({ title, description });
  });

  it.each(['/predict', '/tei/predict', '/invocations', '/api/2.0/mlflow/experiments/create'])(
    'refuses bytes at %s that are not UTF-8, and bodies that are compressed',
    async (route) => {
      const send = (body: Buffer, headers?: Record<string, string>): Promise<Response> =>
        fetch(`${server.url}${route}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: new Uint8Array(body),
        });
      const latin = await send(Buffer.from('{"title":"caf\u00e9","description":"y"}', 'latin1'));
      expect(await latin.text()).toContain('the body is not UTF-8: send its text encoded as UTF-8');
      expect(latin.status).toBe(400);
      const packed = await send(gzipSync('{"title":"a","description":"y"}'), { 'content-encoding': 'gzip' });
      expect(await packed.text()).toContain('Content-Encoding');
      expect(packed.status).toBe(415);
    },
  );

  it('takes a replacement mark that was sent, a mark of UTF-8 at the start and an encoding of none', async () => {
    const answer = await fetch(`${server.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'identity' },
      body: `\ufeff${JSON.stringify({ title: 'a \ufffd', description: 'y' })}`,
    });
    expect(await answer.json()).toMatchObject({ data: { title: 'a \ufffd' } });
  });

  it('refuses to send requests to a challenger that there is not, and takes the rest', async () => {
    const put = (body: object): Promise<Response> =>
      fetch(`${server.url}/serving/traffic`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const refused = await put({ champion: 50, challenger: 50 });
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      error: { field: 'challenger', message: expect.stringContaining('has the alias "challenger"') },
    });
    expect(await (await fetch(`${server.url}/serving/traffic`)).json()).toMatchObject({
      traffic: { champion: 100, challenger: 0 },
    });
    expect((await put({ champion: 100 })).status).toBe(200);
  });

  it('streams synthetic records, the same for the same seed', async () => {
    const read = async (query: string): Promise<{ count: number; data: { title: string }[] }> =>
      (await (await fetch(`${server.url}/generate_data${query}`)).json()) as never;
    const many = await read('?count=1500&seed=7');
    expect(many.data).toHaveLength(1500);
    expect((await read('?count=3&seed=7')).data).toEqual((await read('?count=3&seed=7')).data);
    expect((await read('')).data).toHaveLength(50);
    const refused = await fetch(`${server.url}/generate_data?count=100001`);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { field: 'count', limit: 100_000 } });
  });

  it('stores predictions, takes feedback once, and erases both', async () => {
    const { body } = await postJson(`${server.url}/predict`, product);
    const id = String(body['prediction_id']);
    const stored = await (await fetch(`${server.url}/predictions/${id}`)).json();
    const { status: _, request_id, ...response } = body;
    expect(stored).toMatchObject({ prediction: { id, ...product, request_id, response } });
    const send = (extra: object) => postJson(`${server.url}/feedback`, { prediction_id: id, ...extra });
    expect(await send({ outcome: 'accepted' })).toMatchObject({ status: 200, body: { is_new: true } });
    // Read from memory above, now from the database, where feedback has it written.
    expect(await (await fetch(`${server.url}/predictions/${id}`)).json()).toEqual(stored);
    expect(await send({ outcome: 'accepted' })).toMatchObject({ status: 200, body: { is_new: false } });
    expect(await send({ outcome: 'rejected' })).toMatchObject({ status: 409 });
    expect(await send({ outcome: 'rejected', idempotency_key: 'later' })).toMatchObject({
      body: { is_new: true },
    });
    expect(await send({ outcome: 'edited' })).toMatchObject({
      status: 400,
      body: { error: { field: 'edited_text' } },
    });
    expect((await fetch(`${server.url}/predictions/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${server.url}/predictions/${id}`)).status).toBe(404);
    expect(await send({ outcome: 'accepted' })).toMatchObject({
      status: 404,
      body: { error: { message: expect.stringMatching(/erased.*lost when its server was killed/) } },
    });
  });

  it.each([
    [
      'an edit of nothing but blanks',
      { outcome: 'edited', edited_text: ' \n ' },
      'edited_text: is blank: send what the person wrote, or the outcome rejected',
    ],
    [
      'more clicks than impressions',
      { outcome: 'accepted', clicks: 10, impressions: 2 },
      'clicks: is 10, more than the 2 impressions: send the impressions that the clicks came from',
    ],
    [
      'clicks of no impressions',
      { outcome: 'accepted', clicks: 10 },
      'clicks: is 10 without impressions: send impressions too',
    ],
  ])('refuses %s as feedback, which would be learned from as a good text', async (_name, sent, message) => {
    const { body } = await postJson(`${server.url}/predict`, product);
    const prediction = { prediction_id: body['prediction_id'] };
    expect(await postJson(`${server.url}/feedback`, { ...prediction, ...sent })).toMatchObject({
      status: 400,
      body: { error: { field: message.split(':')[0], message } },
    });
    const results = { outcome: 'accepted', clicks: 2, impressions: 2, rating: 99 };
    expect(await postJson(`${server.url}/feedback`, { ...prediction, ...results })).toMatchObject({
      status: 200,
    });
  });

  it('starts one run of twenty asked for at once and names it to the others', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => postJson(`${server.url}/runs`, {})));
    const started = answers.filter(({ status }) => status === 202);
    expect(started).toHaveLength(1);
    const runId = String(started[0]?.body['run_id']);
    const refused = answers.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(19);
    expect(
      refused.every(({ body }) => (body['error'] as { activeRunId: string }).activeRunId === runId),
    ).toBe(true);
    const run = await (await fetch(`${server.url}/runs/${runId}`)).json();
    expect(run).toMatchObject({ run: { id: runId, status: 'active', stages: expect.any(Array) } });
    expect((await postJson(`${server.url}/runs/${runId}/cancel`, {})).status).toBe(202);
    expect((await postJson(`${server.url}/runs/${runId}/cancel`, {})).status).toBe(409);
    const { runs } = (await (await fetch(`${server.url}/runs?status=cancelled`)).json()) as {
      runs: { id: string }[];
    };
    expect(runs.map(({ id }) => id)).toContain(runId);
    const of = async (query: string): Promise<unknown> => {
      const answer = await fetch(`${server.url}/runs?${new URLSearchParams(query).toString()}`);
      if (answer.status !== 200) return answer.status;
      const listed = (await answer.json()) as { runs: { id: string }[]; count: number };
      return [listed.runs.map(({ id }) => id === runId), listed.count];
    };
    const { created_at: began } = (run as { run: { created_at: string } }).run;
    const later = new Date(Date.parse(began) + 1).toISOString();
    expect(await of('trigger=manual&status=cancelled&limit=1')).toEqual([[true], 1]);
    expect(await of('trigger=schedule')).toEqual([[], 0]);
    expect(await of(`from=${began}&to=${later}`)).toEqual([[true], 1]);
    expect(await of(`to=${began}`)).toEqual([[], 0]);
    expect(await of(`from=${later}`)).toEqual([[], 0]);
    expect(await of('before=1')).toEqual([[], 1]);
    expect(await of('from=yesterday')).toBe(400);
    expect(await of('trigger=magic')).toBe(400);
    expect((await fetch(`${server.url}/runs/nothing`)).status).toBe(404);
  });

  it('shows the registry, the API, its page and the queues', async () => {
    const get = async (route: string): Promise<string> => await (await fetch(`${server.url}${route}`)).text();
    expect(JSON.parse(await get('/models'))).toMatchObject({
      models: [{ name: 'copy-quality', aliases: { champion: 1 } }],
    });
    expect(JSON.parse(await get('/models/copy-quality/versions'))).toMatchObject({
      versions: [{ version: 1 }],
    });
    expect(JSON.parse(await get('/models/copy-quality/aliases/champion/history'))).toMatchObject({
      history: [{ to_version: 1 }],
    });
    expect((await fetch(`${server.url}/models/other/versions`)).status).toBe(404);
    expect(JSON.parse(await get('/info'))).toMatchObject({
      models: [{ alias: 'champion', precision: expect.any(String) }],
    });
    const document = JSON.parse(await get('/openapi.json')) as { paths: Record<string, unknown> };
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/predict', '/batch_predict', '/runs/{id}']),
    );
    expect(await get('/docs')).toContain('/docs/page.js');
    expect(await get('/docs/page.js')).toContain('openapi.json');
    const board = await get('/queues');
    expect(board).toContain('copyloop queues');
    const script = /static\/js\/main\.[^"]+/.exec(board)?.[0] ?? 'none';
    expect((await fetch(`${server.url}/queues/${script}`)).status).toBe(200);
    expect(await get('/queues/api/queues')).toContain('train-model');
    expect((await fetch(`${server.url}/nowhere`)).status).toBe(404);
  });

  it('refuses what a page of another site sends', async () => {
    const crossSite = await postJson(`${server.url}/runs`, {}, { 'sec-fetch-site': 'cross-site' });
    expect(crossSite.status).toBe(403);
  });

  it('refuses a host name that is not its own, as after DNS rebinding', async () => {
    const { hostname, port } = new URL(server.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ hostname, port, path: '/info', headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });
});
