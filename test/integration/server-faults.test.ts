/**
 * What the API shows of secrets, and how it refuses: nobody who asks wrongly is told that the server failed.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import type { Server } from '../../src/server/index.ts';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';

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

const MLFLOW = '/api/2.0/mlflow';

it.each([
  '/runs/a%00b',
  '/jobs/%00',
  '/models/%00/versions',
  '/models/copy-quality/versions/2147483648/receipt',
  '/runs?before=99999999999999999999',
  '/jobs?before=2147483648',
  `${MLFLOW}/runs/get?run_id=%00`,
  `${MLFLOW}/experiments/get-by-name?experiment_name=a%00`,
  `${MLFLOW}/experiments/search?max_results=10&filter=name%20%3D%20'%00'`,
  `${MLFLOW}/logged-models/%00`,
  `${MLFLOW}/webhooks/%00`,
  '/ajax-api/2.0/mlflow/runs/get?run_id=%00',
])('refuses GET %s as wrongly asked', async (route) => {
  const response = await fetch(server.url + route);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject(
    route.includes('mlflow')
      ? { error_code: 'INVALID_PARAMETER_VALUE', message: expect.any(String) }
      : { error: { code: 'invalid-input', message: expect.any(String) } },
  );
});

it.each([
  ['runs/update', { end_time: '99999999999999999999' }],
  ['runs/update', { run_name: 'a\u0000' }],
  ['runs/set-tag', { key: 'a', value: '\u0000' }],
  ['runs/log-parameter', { key: 'a\u0000', value: 'x' }],
  ['runs/log-metric', { key: 'a', value: 1, timestamp: '9999999999999999999999', step: 1 }],
  ['runs/search', { experiment_ids: ['0'], filter: "tags.a = '\u0000'" }],
])('refuses what %s cannot keep of %j as wrongly asked', async (method, fields) => {
  const { body } = await postJson(`${server.url}${MLFLOW}/runs/create`, { experiment_id: '0' });
  const { run_id } = (body['run'] as { info: { run_id: string } }).info;
  expect(await postJson(`${server.url}${MLFLOW}/${method}`, { run_id, ...fields })).toMatchObject({
    status: 400,
    body: { error_code: 'INVALID_PARAMETER_VALUE', message: expect.any(String) },
  });
});

it('refuses an experiment of no possible name at /tracking/retention', async () => {
  const asked = { days: 1, experiment: 'a\u0000' };
  expect(await postJson(`${server.url}/tracking/retention`, asked)).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid-input', field: 'experiment' } },
  });
});

it('takes a name that holds %00 as text', async () => {
  expect((await fetch(`${server.url}/runs/a%2500`)).status).toBe(404);
});
