/**
 * A server whose PostgreSQL goes away and comes back, as processes: what is answered meanwhile, and what of
 * it is stored.
 */
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, openEmbeddedPostgres, type EmbeddedServer } from '../../src/db/index.ts';
import { createInstallation, startCopyloop, type Copyloop, type Installation } from './copyloop-process.ts';

const log = createSilentLogger();
let folder: string;
let postgres: EmbeddedServer;
let installation: Installation;
let server: Copyloop | undefined;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-outage-'));
  await chmod(folder, 0o755);
  postgres = await openEmbeddedPostgres({ varDir: folder, log });
  // Makes the database, beside the server that the test itself stops.
  await (await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 2, log })).close();
  const database = await openDatabase({ databaseUrl: postgres.url, varDir: folder, poolSize: 2, log });
  installation = await createInstallation({ varDir: path.join(folder, 'var'), database });
  await database.close();
});
afterAll(async () => {
  server?.child.kill('SIGKILL');
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

it('predicts and is ready while PostgreSQL is away, refuses what needs it in every protocol, and loses no prediction', async () => {
  server = await startCopyloop(['server'], installation.env);
  const { url } = server;
  const ids = [await predict(url)];
  await postgres.close();

  await expect.poll(async () => (await fetch(`${url}/ready?deep=1`)).status, { timeout: 10_000 }).toBe(503);
  expect((await fetch(`${url}/ready`)).status).toBe(200);
  expect(await (await fetch(`${url}/info`)).json()).toMatchObject({ database: { reachable: false } });
  for (let count = 0; count < 20; count += 1) ids.push(await predict(url));

  for (const [place, body] of [
    ['/tei/predict', { inputs: 'A lamp' }],
    [
      '/v2/models/copy-quality/infer',
      { inputs: [{ name: 'text', shape: [1], datatype: 'BYTES', data: ['A lamp'] }] },
    ],
    ['/invocations', { inputs: ['A lamp'] }],
  ] as const)
    expect([place, (await post(url + place, body)).status]).toEqual([place, 200]);
  for (const place of [
    '/ping',
    '/v2/health/ready',
    '/v2/models/copy-quality/ready',
    '/v2/models/copy-quality',
  ])
    expect([place, (await fetch(url + place)).status]).toEqual([place, 200]);

  const ours = { status: 'error', error: { code: 'unavailable' } };
  const mlflow = { error_code: 'TEMPORARILY_UNAVAILABLE' };
  const inMlflow = '/api/2.0/mlflow';
  for (const [place, body] of [
    ['/runs', ours],
    ['/jobs', ours],
    ['/models/copy-quality/versions', ours],
    ['/predictions/0123456789abcdef0123456789abcdef', ours],
    [`${inMlflow}/experiments/get?experiment_id=0`, mlflow],
    [`${inMlflow}/registered-models/get?name=copy-quality`, mlflow],
    ['/ajax-api/2.0/mlflow/runs/get?run_id=0123456789abcdef0123456789abcdef', mlflow],
  ] as const) {
    const answer = await fetch(url + place);
    expect([place, answer.status, answer.headers.get('retry-after')]).toEqual([place, 503, '1']);
    expect(await answer.json()).toMatchObject(body);
  }

  server.child.kill('SIGTERM');
  expect(await server.ended).toBe(0);
  expect(server.output()).toMatch(/2[01] are kept for the next start, 0 are lost/);
  postgres = await openEmbeddedPostgres({ varDir: folder, log });
  server = await startCopyloop(['server'], installation.env);
  const database = await openDatabase({ databaseUrl: postgres.url, varDir: folder, poolSize: 2, log });
  const readIds = async (): Promise<string[]> =>
    (await database.db.selectFrom('predictions').select('id').execute()).map(({ id }) => id).toSorted();
  await expect.poll(readIds, { timeout: 20_000 }).toEqual(ids.toSorted());
  await expect.poll(() => readdir(path.join(installation.varDir, 'predictions'))).toEqual([]);
  await database.close();
});

async function post(address: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function predict(url: string): Promise<string> {
  const product = { title: 'Lamp', description: 'A lamp that lasts the whole night long.' };
  const answer = await post(`${url}/predict`, product);
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { prediction_id: string }).prediction_id;
}
