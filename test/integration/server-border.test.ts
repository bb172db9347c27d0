/**
 * What every request passes before a route sees it: who may send it, by which method, in which type and
 * charset, and what null means.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Agent, request, type Server as HttpServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobWorkFolder } from '../../src/queues/index.ts';
import type { Server } from '../../src/server/index.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

const product = { title: 'Lamp', description: 'a lovely bright lamp for the home' };

let folder: string;
let harness: ServerHarness;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-border-'));
  ({ harness, server } = await openServingHarness(folder));
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

/** As `fetch` cannot send it: with a Host and a method of its own. */
async function ask(
  method: string,
  route: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; allow: string | undefined }> {
  return await new Promise((resolve, reject) => {
    const asked = request(new URL(route, server.url), { method, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, allow: response.headers.allow });
    });
    asked.on('error', reject).end();
  });
}

describe('a request that changes something', () => {
  it.each([
    [{ origin: 'https://evil.example' }],
    [{ origin: 'http://localhost:3000' }],
    [{ origin: 'http://127.0.0.1:1' }],
    [{ origin: 'null' }],
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }],
  ] as Record<string, string>[][])('is refused from a page of another site: %j', async (headers = {}) => {
    for (const [route, body] of [
      ['/predict', product],
      ['/runs', {}],
      ['/api/2.0/mlflow/experiments/create', { name: 'taken' }],
      ['/tei/predict', { inputs: 'x' }],
    ] as const)
      expect((await postJson(server.url + route, body, headers)).status).toBe(403);
    expect((await ask('DELETE', `/predictions/${'0'.repeat(32)}`, headers)).status).toBe(403);
  });

  it('is answered from the own pages and from programs', async () => {
    const own: Record<string, string>[] = [
      {},
      { origin: server.url },
      { origin: server.url, 'sec-fetch-site': 'same-origin' },
    ];
    for (const headers of own)
      expect((await postJson(`${server.url}/predict`, product, headers)).status).toBe(200);
  });
});

describe('a host name that is not loopback', () => {
  it.each(['/health', '/ready', '/ping', '/v2/health/live'])('is fine for the probe %s', async (route) => {
    expect((await ask('GET', route, { host: 'balancer.internal' })).status).toBe(200);
  });
  it('is refused for the rest, where no keys are asked for', async () => {
    expect((await ask('GET', '/info', { host: 'rebound.example' })).status).toBe(403);
  });

  it('is taken where server.allowHosts names it, with any port or with its own, and no name like it', async () => {
    const open = server;
    const { server: settings } = harness.config;
    harness.config.server = { ...settings, allowHosts: ['Copy.example', 'shop.example:8443', '192.0.2.7'] };
    server = await harness.openServer();
    harness.config.server = settings;
    const statusOf = async (host: string) => (await ask('GET', '/info', { host })).status;
    for (const host of ['copy.example', 'COPY.EXAMPLE:8080', 'shop.example:8443', '192.0.2.7:80', '[::1]:1'])
      expect([host, await statusOf(host)]).toEqual([host, 200]);
    for (const host of [
      'rebound.example',
      'evil.copy.example',
      'copy.example.evil.example',
      'copy.example@evil.example',
      'shop.example',
      'shop.example:8444',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '192.0.2.70',
    ])
      expect([host, await statusOf(host)]).not.toEqual([host, 200]);
    const { hostname, port } = new URL(server.url);
    const direct = `${hostname}:${port}`;
    expect(await statusOf(direct)).toBe(200);
    server = open;
  });

  it('is taken behind a proxy that guards the server, unless names are given', async () => {
    const open = server;
    const { server: settings } = harness.config;
    const statusAt = async (allowHosts: string[]): Promise<number> => {
      harness.config.server = { ...settings, apiKeys: 'off', allowHosts };
      server = await harness.openServer();
      return (await ask('GET', '/info', { host: 'any.example' })).status;
    };
    expect([await statusAt([]), await statusAt(['other.example']), await statusAt(['any.example'])]).toEqual([
      200, 403, 200,
    ]);
    harness.config.server = settings;
    server = open;
  });
});

it('an idle connection stays open for longer than balancers keep theirs, and headers are waited for still longer', async () => {
  const seen: HttpServer[] = [];
  const note = (message: unknown) => seen.push((message as { server: HttpServer }).server);
  subscribe('http.server.request.start', note);
  const keepAlive = await new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: true });
    request(new URL('/health', server.url), { agent }, (response) => {
      response.resume().on('end', () => agent.destroy());
      resolve(response.headers['keep-alive']);
    })
      .on('error', reject)
      .end();
  });
  unsubscribe('http.server.request.start', note);
  expect(keepAlive).toBe('timeout=65');
  expect(seen.map(({ keepAliveTimeout }) => keepAliveTimeout)).toEqual([65_000]);
  expect(seen[0]?.headersTimeout).toBeGreaterThan(65_000);
});

describe('a method', () => {
  it.each(['TRACE', 'OPTIONS', 'PROPFIND', 'QUERY'])('%s is taken nowhere', async (method) => {
    expect(await ask(method, '/predict')).toEqual({ status: 405, allow: 'POST' });
    expect((await ask(method, '/api/2.0/mlflow/runs/get')).status).toBe(405);
    expect((await ask(method, '/nowhere')).status).toBe(405);
  });
  it.each(['FOO', 'CONNECT', 'get'])('%s, which Node hands to no listener, is 405, too', async (method) => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.end(`${method} /predict HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST/);
  });
  it('that a path does not take is refused with those that it takes', async () => {
    expect(await ask('DELETE', '/health')).toEqual({ status: 405, allow: 'GET, HEAD' });
    expect(await ask('PATCH', '/jobs/x')).toEqual({ status: 405, allow: 'GET, HEAD, DELETE' });
    expect((await ask('DELETE', '/nowhere')).status).toBe(404);
  });
  it("of MLflow's is answered as its clients know it", async () => {
    expect((await ask('DELETE', '/api/2.0/mlflow/runs/get')).status).toBe(404);
    expect((await ask('PATCH', '/api/2.0/mlflow-artifacts/artifacts/x')).status).toBe(405);
    expect((await ask('POST', '/api/2.0/mlflow-artifacts/mpu/create/x')).status).toBe(501);
  });
});

describe('what is refused before any route', () => {
  it.each([
    ['/api/2.0/mlflow/runs/search', { error_code: expect.any(String), message: expect.any(String) }],
    ['/invocations', { error_code: expect.any(String), message: expect.any(String) }],
    ['/tei/predict', { error: expect.any(String), error_type: expect.any(String) }],
    ['/v2/models/copy-quality/infer', { error: expect.any(String) }],
    ['/predict', { status: 'error', error: expect.objectContaining({ code: expect.any(String) }) }],
  ])('is told in the shape of the protocol of %s', async (route, shape) => {
    for (const [method, headers, status] of [
      ['POST', { origin: 'https://evil.example' }, 403],
      ['POST', { 'content-type': 'application/json; charset=utf-7' }, 415],
      ['PROPFIND', {}, 405],
    ] as const) {
      const answer = await fetch(server.url + route, {
        method,
        headers,
        ...(method === 'POST' && { body: '{}' }),
      });
      expect([answer.status, await answer.json()]).toEqual([status, shape]);
    }
  });
});

describe('a null member', () => {
  it('counts as absent in every protocol', async () => {
    const nothing = { tone: null, audience: null, keywords: null, seed: null, channels: null, explain: null };
    const infer = {
      id: null,
      parameters: null,
      outputs: null,
      inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['x'], parameters: { a: null } }],
    };
    for (const [route, body] of [
      ['/predict', { ...product, ...nothing, category: null, id: null, price: null, unheard_of: null }],
      ['/batch_predict', { items: [{ ...product, ...nothing }], ...nothing }],
      ['/batch_predict', [{ ...product, ...nothing }]],
      ['/tei/predict', { inputs: 'x', truncate: null, raw_scores: null }],
      ['/v2/models/copy-quality/infer', infer],
      ['/invocations', { inputs: ['x'], instances: null, dataframe_split: null, params: null }],
    ] as const)
      expect(await postJson(server.url + route, body)).toMatchObject({ status: 200 });
    const run = await postJson(`${server.url}/runs`, {
      source: { kind: 'synthetic', count: 50, seed: null, path: null, url: null },
      map: null,
      candidates: null,
      recipes: ['head'],
    });
    expect(run.status).toBe(202);
    await harness.runs.cancelRun(String(run.body['run_id']));
    const { body } = await postJson(`${server.url}/predict`, product);
    const feedback = {
      edited_text: null,
      clicks: null,
      impressions: null,
      rating: null,
      idempotency_key: null,
    };
    expect(
      await postJson(`${server.url}/feedback`, {
        prediction_id: body['prediction_id'],
        outcome: 'accepted',
        ...feedback,
      }),
    ).toMatchObject({ status: 200 });
  });
  it('is looked for in vain in an object where text or a number belongs', async () => {
    for (const [route, body, field] of [
      ['/predict', { ...product, id: {} }, 'id'],
      ['/batch_predict', { items: [{ ...product, id: [null] }] }, 'items.0.id'],
      [
        '/runs',
        { candidates: [{ name: 'a', recipe: 'head', settings: { epochs: { a: null } } }] },
        'candidates.0',
      ],
    ] as const) {
      const answer = await postJson(server.url + route, body);
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([400, expect.stringContaining(field)]);
    }
  });
  it('that is needed is still missing', async () => {
    const { status, body } = await postJson(`${server.url}/predict`, { ...product, title: null });
    expect([status, body]).toMatchObject([400, { error: { field: 'title' } }]);
  });
});

it.each([
  ['/batch_predict', [product, { ...product, title: '' }], 'items.1.title'],
  ['/batch_predict', { items: [product, product, { ...product, count: 0 }] }, 'items.2.count'],
  ['/batch_predict', [product, 5], 'items.1'],
  ['/tei/predict', { inputs: ['x', 3] }, 'inputs.1'],
  ['/invocations', { inputs: ['x', 3] }, 'inputs.1'],
  ['/invocations', { dataframe_records: [{ text: 'x' }, 3] }, 'dataframe_records.1'],
  [
    '/v2/models/copy-quality/infer',
    { inputs: [{ name: 'text', shape: [2], datatype: 'BYTES', data: ['x', 3] }] },
    'inputs.0.data.1',
  ],
])('a bad item of %s is named by its number', async (route, body, where) => {
  const answer = await postJson(server.url + route, body);
  expect([400, 422]).toContain(answer.status);
  expect(JSON.stringify(answer.body)).toContain(where);
});

describe('a body', () => {
  it.each([
    ['iso-8859-1', Buffer.from('{"title":"Caf\u00e9","description":"x"}', 'latin1')],
    ['latin-1', Buffer.from('{"title":"Caf\u00e9","description":"x"}', 'latin1')],
    ['"windows-1252"', Buffer.from('{"title":"Caf\u00e9","description":"x"}', 'latin1')],
    ['UTF-16', Buffer.from('\ufeff{"title":"Caf\u00e9","description":"x"}', 'utf16le')],
    ['utf-8', Buffer.from('{"title":"Caf\u00e9","description":"x"}')],
  ])('is read in its charset %s', async (charset, body) => {
    const response = await fetch(`${server.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': `application/json; charset=${charset}` },
      body,
    });
    expect(await response.json()).toMatchObject({ data: { title: 'Caf\u00e9' } });
  });
  it('in a charset that nobody knows is refused by its name', async () => {
    for (const [route, type] of [
      ['/predict', 'application/json'],
      ['/jobs/predict', 'text/csv'],
    ] as const) {
      const headers = { 'content-type': `${type}; charset=klingon` };
      const response = await fetch(server.url + route, { method: 'POST', headers, body: 'title\n' });
      expect([response.status, await response.text()]).toEqual([415, expect.stringContaining('klingon')]);
    }
  });
  it.each([
    '/predict',
    '/runs',
    '/feedback',
    '/tei/predict',
    '/invocations',
    '/v2/models/copy-quality/infer',
  ])('of 20,000 levels is refused by %s, not run out of stack', async (route) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const { status } = await postJson(server.url + route, `${open.repeat(20_000)}1${close.repeat(20_000)}`);
      expect([400, 422]).toContain(status);
    }
  });
});

describe('a catalogue', () => {
  const send = async (type: string | undefined, body: Buffer) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    const response = await fetch(`${server.url}/jobs/predict`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  it.each([
    ['application/x-www-form-urlencoded', 'title=a'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/zip', 'PK\u0003\u0004'],
    ['application/gzip', '\u001f\u008b'],
    ['text/html', '<table>'],
    ['image/png', 'x'],
    ['text/csv', '7z\u00bc\u00af\u0027\u001c'],
    ['text/csv', '%PDF-1.7'],
  ])('sent as %s is refused at once', async (type, body) => {
    const answer = await send(type, Buffer.from(body, 'latin1'));
    expect(answer).toMatchObject({ status: 415, body: { error: { code: 'wrong-media-type' } } });
  });
  it.each(['text/plain', 'application/octet-stream', 'text/csv', undefined])(
    'sent as %s is taken',
    async (type) => {
      expect((await send(type, Buffer.from('title,description\na,b\n'))).status).toBe(202);
    },
  );
  it.each([
    ['windows-1252', Buffer.from('title,description\nCaf\u00e9,good \u0080 5\n', 'latin1')],
    ['utf-16le', Buffer.from('title,description\nCaf\u00e9,good \u20ac 5\n', 'utf16le')],
  ])('is kept as what its charset %s says', async (charset, body) => {
    const { body: started } = await send(`text/csv; charset=${charset}`, body);
    const key = `${jobWorkFolder(String(started['job_id']))}/catalogue`;
    expect(await harness.artifacts.readText(key)).toBe('title,description\nCaf\u00e9,good \u20ac 5\n');
  });
});

it('an unknown key of a query is refused by its name where a route takes keys', async () => {
  for (const route of ['/runs', '/jobs', '/generate_data']) {
    const response = await fetch(`${server.url}${route}?statuss=active`);
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('statuss')]);
  }
});
