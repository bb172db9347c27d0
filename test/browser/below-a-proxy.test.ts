/**
 * copyloop at a path of somebody else's host: a proxy that takes the path off, and pages whose addresses lead
 * back through it.
 */
import { createServer, request, type Server as HttpServer } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/server/index.ts';
import { listenLocally } from '../clients/listen-locally.ts';
import { openServingHarness, type ServerHarness } from '../integration/server-harness.ts';
import { openBrowser, openPage } from './browser.ts';

const BASE = '/tools/copyloop';

let folder: string;
let harness: ServerHarness;
let server: Server;
let browser: Browser;
let proxy: HttpServer;
let origin: string;
/** What came to the proxy outside of the path that it hands on: an address that has lost it. */
const lost: string[] = [];

/**
 * Hands what is below BASE on without it, as nginx does for `location /tools/copyloop/ { proxy_pass
 * http://server/; }`.
 */
function createProxy(headers: Record<string, string>): HttpServer {
  return createServer((asked, answer) => {
    const address = asked.url ?? '/';
    if (!address.startsWith(`${BASE}/`)) {
      if (address !== '/favicon.ico') lost.push(address);
      answer.writeHead(404).end();
      return;
    }
    const { hostname, port } = new URL(server.url);
    const handed = request(
      {
        hostname,
        port,
        method: asked.method,
        path: address.slice(BASE.length),
        headers: { ...asked.headers, ...headers },
      },
      (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      },
    );
    handed.on('error', () => answer.destroy());
    asked.pipe(handed);
  });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-below-'));
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

describe.each([
  ['server.basePath', { basePath: BASE }, {}],
  ['X-Forwarded-Prefix of a trusted proxy', { trustProxy: true }, { 'x-forwarded-prefix': `${BASE}/` }],
] as const)('below a path that is told by %s', (_, settings, headers) => {
  beforeAll(async () => {
    const models = await mkdtemp(path.join(folder, 'models-'));
    ({ harness, server } = await openServingHarness(models, { server: settings }));
    proxy = createProxy(headers);
    origin = `http://127.0.0.1:${await listenLocally(proxy)}`;
    lost.length = 0;
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
    await harness.close();
  });

  it('the console opens and its studio writes copy', async () => {
    const { page, faults } = await openPage(browser);
    await page.goto(`${origin}${BASE}/`);
    await page.getByRole('heading', { level: 1, name: 'The loop' }).waitFor();
    await page.goto(`${origin}${BASE}/#/studio`);
    await page.getByRole('button', { name: 'Use an example' }).click();
    await page.getByRole('button', { name: 'Write copy' }).click();
    await page.getByRole('heading', { name: 'Copy for Premium Headphones' }).waitFor();
    await page.close();
    expect({ faults, lost }).toEqual({ faults: [], lost: [] });
  });

  it('the API page opens and sends a request', async () => {
    const { page, faults } = await openPage(browser);
    await page.goto(`${origin}${BASE}/docs`);
    await page.getByText('Whether the process is alive').click();
    await page.locator('details[open]').getByRole('button', { name: 'Send' }).click();
    await page.getByText('"healthy"').waitFor();
    await page.close();
    expect({ faults, lost }).toEqual({ faults: [], lost: [] });
  });

  it('the queues open, with nothing that the content policy refuses', async () => {
    const { page, faults } = await openPage(browser);
    await page.goto(`${origin}${BASE}/queues`);
    await page.getByText('train').first().waitFor();
    await page.close();
    expect({ faults, lost }).toEqual({ faults: [], lost: [] });
  });

  it('addresses in answers lead through the proxy', async () => {
    const description = (await (await fetch(`${origin}${BASE}/openapi.json`)).json()) as { servers: unknown };
    expect(description.servers).toEqual([{ url: BASE }]);
    const started = await fetch(`${origin}${BASE}/jobs/predict`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'title,description\na,b\n',
    });
    const location = started.headers.get('location') ?? '';
    expect(location).toMatch(/^\/tools\/copyloop\/jobs\//);
    expect((await fetch(origin + location)).status).toBe(200);
    await harness.tracking.registry.createModel({ name: 'judged' });
    await harness.tracking.registry.createVersion({
      name: 'judged',
      source: 's3://x/y',
      pipelineRunId: 'run-1',
    });
    const listed = (await (await fetch(`${origin}${BASE}/models/judged/versions`)).json()) as {
      versions: { gate_report: string }[];
    };
    expect(listed.versions.map(({ gate_report }) => gate_report)).toEqual([
      `${BASE}/models/judged/versions/1/gate.html`,
    ]);
  });
});
