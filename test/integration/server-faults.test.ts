/** What the API shows of secrets, and how it refuses: nobody who asks wrongly is told that the server failed. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import type { Server } from '../../src/server/index.ts';
import { openServerHarness, type ServerHarness } from './server-harness.ts';

let harness: ServerHarness;
let server: Server;
beforeAll(async () => {
  const { source } = loadConfig({ env: {} }).config.data;
  const url = 'http://user:hunter2@data.example/rows.csv?sig=hunter2';
  harness = await openServerHarness({ data: { source: { ...source, kind: 'http', url } } });
  server = await harness.openServer();
});
afterAll(() => harness.close());

it('shows of the address of a data source where it leads, not what it is called with', async () => {
  const { runId } = await harness.runs.startRun({ trigger: 'manual' });
  const shown = await (await fetch(`${server.url}/runs/${runId}`)).text();
  expect(shown).toContain('"url":"http://data.example/rows.csv"');
  expect(shown).not.toContain('hunter2');
  expect((await harness.getRun(runId)).options.data.source.url).toContain('hunter2');
});

it('says that a file of the queue board is not there', async () => {
  const missing = await fetch(`${server.url}/queues/static/nope.js`);
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ status: 'error', error: { code: 'not-found' } });
});

it.each([
  ['/runs', 'application/x-www-form-urlencoded'],
  ['/predict', 'text/plain'],
  ['/feedback', undefined],
])('says how to send JSON to %s when its type is %s', async (route, type) => {
  const response = await fetch(`${server.url}${route}`, {
    method: 'POST',
    body: Buffer.from('{}'),
    ...(type !== undefined && { headers: { 'content-type': type } }),
  });
  expect(response.status).toBe(415);
  expect(await response.json()).toMatchObject({
    error: {
      code: 'wrong-media-type',
      message: expect.stringMatching(
        `^the body has (no content-type|"${type ?? ''}"): send JSON with content-type application/json$`,
      ),
    },
  });
});
