/**
 * MLflow's wire rules and its error codes. The client itself is run by test/clients, the attacks are in
 * tracking-attacks.test.ts.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import type { Database } from '../../src/db/index.ts';
import type { AppEnv } from '../../src/server/http/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';

let database: Database;
let tracking: TrackingStore;
let varDir: string;
let app: Hono<AppEnv>;
const callerOf = (c: { req: { header(name: string): string | undefined } }) => ({
  name: 'tester',
  isAdmin: c.req.header('x-admin') === 'yes',
});

beforeAll(async () => {
  database = await openTestDatabase();
  tracking = createPostgresTrackingStore(database.db);
  varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-mlflow-rest-'));
  const { config } = loadConfig({ env: {} });
  const webhooks = {
    store: createWebhookStore(database.db, systemClock, null),
    rules: createSendRules(config),
  };
  const artifacts = createArtifactStore({ ...config.storage, varDir });
  app = createMlflowApp({ tracking, artifacts, callerOf, servedModel: 'guarded', webhooks });
});
afterAll(async () => {
  await database.close();
  await rm(varDir, { recursive: true, force: true });
});

async function call(method: string, where: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await app.request(where.startsWith('/') ? where : `/api/2.0/mlflow/${where}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json', ...headers },
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

async function createRun(): Promise<{ run_id: string; artifact_uri: string }> {
  const { body } = await call('POST', 'runs/create', { experiment_id: '0', start_time: 5 });
  return (body as { run: { info: { run_id: string; artifact_uri: string } } }).run.info;
}

describe('the wire', () => {
  it('leaves out what is unset, gives int64 as numbers and versions as texts', async () => {
    const { run_id } = await createRun();
    const { body } = await call('GET', `runs/get?run_id=${run_id}`);
    const run = (body as { run: Record<string, Record<string, unknown>> }).run;
    expect(run['info']).toMatchObject({
      start_time: 5,
      status: 'RUNNING',
      run_uuid: run_id,
      experiment_id: '0',
    });
    expect(run['info']).not.toHaveProperty('end_time');
    expect(run['data']).not.toHaveProperty('metrics');
    await call('POST', 'registered-models/create', { name: 'wired' });
    const version = await call('POST', 'model-versions/create', {
      name: 'wired',
      source: 's3://bucket/model',
    });
    expect(version.body).toMatchObject({
      model_version: { version: '1', status: 'READY', current_stage: 'None' },
    });
  });

  it('takes int64 as text, ids as numbers, run_uuid for run_id, unknown fields, and JSON in JSON', async () => {
    const created = await call('POST', 'runs/create', {
      experiment_id: 0,
      start_time: '1700000000000',
      nonsense: [1],
    });
    const { run_id } = (created.body as { run: { info: { run_id: string } } }).run.info;
    expect(created.body).toMatchObject({ run: { info: { start_time: 1_700_000_000_000 } } });
    expect((await call('POST', 'runs/set-tag', { run_uuid: run_id, key: 'a', value: 'b' })).status).toBe(200);
    const twice = JSON.stringify(JSON.stringify({ run_id, key: 'c', value: 'd' }));
    expect((await call('POST', 'runs/set-tag', twice)).status).toBe(200);
    expect((await tracking.runs.get(run_id)).tags).toMatchObject({ a: 'b', c: 'd' });
  });

  it('carries NaN and the infinities as texts', async () => {
    const { run_id } = await createRun();
    for (const [key, value] of [
      ['nan', 'NaN'],
      ['up', 'Infinity'],
      ['down', '-Infinity'],
      ['text', '0.5'],
    ])
      expect((await call('POST', 'runs/log-metric', { run_id, key, value, timestamp: 1 })).status).toBe(200);
    const history = await call('GET', `metrics/get-history?run_id=${run_id}&metric_key=nan`);
    expect(history.body).toEqual({ metrics: [{ key: 'nan', value: 'NaN', timestamp: 1, step: 0 }] });
    const { metrics } = await tracking.runs.get(run_id);
    expect(Object.fromEntries(metrics.map((metric) => [metric.key, metric.value]))).toEqual({
      nan: Number.NaN,
      up: Infinity,
      down: -Infinity,
      text: 0.5,
    });
  });

  it('answers the same below /ajax-api', async () => {
    const { body } = await call('GET', '/ajax-api/2.0/mlflow/experiments/get?experiment_id=0');
    expect(body).toMatchObject({ experiment: { name: 'Default' } });
  });

  it.each([
    ['POST', 'experiments/create', {}, "Missing value for required parameter 'name'"],
    ['POST', 'experiments/create', { name: '' }, "Missing value for required parameter 'name'"],
    ['POST', 'experiments/create', { name: 5 }, "Invalid value 5 for parameter 'name' supplied"],
    [
      'POST',
      'runs/log-metric',
      { run_id: 'x', key: 'k', value: 'high', timestamp: 1 },
      `Invalid value "high" for parameter 'value'`,
    ],
    [
      'POST',
      'runs/log-metric',
      { run_id: 'x', key: 'k', value: 1 },
      "Missing value for required parameter 'timestamp'",
    ],
    [
      'POST',
      'runs/log-batch',
      { run_id: 'x', metrics: [{ key: 'k', value: 1 }] },
      "Missing value for required parameter 'metrics[0].timestamp'",
    ],
    ['POST', 'runs/search', { experiment_ids: '0' }, "Hint: Value was of type 'str'"],
    [
      'POST',
      'runs/search',
      { experiment_ids: ['0'], max_results: 50_001 },
      "Invalid value 50001 for parameter 'max_results'",
    ],
    [
      'POST',
      'runs/search',
      { experiment_ids: ['0'], filter: 'params.x = 5' },
      'Expected a quoted string value',
    ],
    ['POST', 'runs/update', { run_id: 'x', status: 'DONE' }, `Invalid value "DONE" for parameter 'status'`],
    ['POST', 'runs/create', '{"experiment_id":', 'not JSON'],
    ['POST', 'runs/create', '[1]', 'must be a JSON object'],
    ['GET', 'experiments/get', undefined, "Missing value for required parameter 'experiment_id'"],
    ['GET', 'experiments/get?experiment_id=abc', undefined, 'Invalid experiment ID'],
  ])('refuses %s %s %j', async (method, where, body, message) => {
    const answer = await call(method, where, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      error_code: 'INVALID_PARAMETER_VALUE',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a body that is not JSON by its type', async () => {
    const answer = await call('POST', 'runs/create', 'a=b', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer.body).toMatchObject({
      message: expect.stringContaining("Content-Type must be one of ['application/json']"),
    });
  });

  it.each([
    ['GET', 'experiments/get?experiment_id=4242', 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['GET', 'registered-models/get?name=nobody', 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['GET', 'registered-models/alias?name=wired&alias=champion', 400, 'INVALID_PARAMETER_VALUE'],
    ['GET', 'traces/no-such-thing', 404, 'ENDPOINT_NOT_FOUND'],
    ['POST', '/api/2.0/mlflow-artifacts/mpu/create/x', 501, 'NOT_IMPLEMENTED'],
    ['GET', '/api/2.0/mlflow-artifacts/artifacts/no/such', 404, 'RESOURCE_DOES_NOT_EXIST'],
  ])('answers %s %s with %d %s', async (method, where, status, code) => {
    const answer = await call(method, where);
    expect([answer.status, answer.body['error_code']]).toEqual([status, code]);
  });

  it('says 400 and not 409 to what exists already', async () => {
    const answer = await call('POST', 'experiments/create', { name: 'Default' });
    expect([answer.status, answer.body['error_code']]).toEqual([400, 'RESOURCE_ALREADY_EXISTS']);
  });

  it('samples long histories at equal steps and keeps both ends', async () => {
    const { run_id } = await createRun();
    const metrics = Array.from({ length: 1000 }, (_, step) => ({
      key: 'm',
      value: step,
      timestamp: step,
      step,
    }));
    await call('POST', 'runs/log-batch', { run_id, metrics });
    const { body } = await call(
      'GET',
      `metrics/get-history-bulk-interval?run_ids=${run_id}&metric_key=m&max_results=10`,
    );
    const steps = (body as { metrics: { step: number }[] }).metrics.map((metric) => metric.step);
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([11, 0, 999]);
  });
});

describe('artifacts over HTTP', () => {
  const base = '/api/2.0/mlflow-artifacts/artifacts';

  it('takes any type, gives the bytes back as a download, lists and deletes', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256));
    const put = await app.request(`${base}/9/r/artifacts/d/ä%20b%25.json`, {
      method: 'PUT',
      body: bytes,
      headers: { 'content-type': 'application/json' },
    });
    expect(put.status).toBe(200);
    const got = await app.request(`${base}/9/r/artifacts/d/ä%20b%25.json`);
    expect(Buffer.from(await got.arrayBuffer()).equals(bytes)).toBe(true);
    expect(got.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(got.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await call('GET', `${base}?path=9/r/artifacts/d`)).body).toEqual({
      files: [{ path: 'ä b%.json', is_dir: false, file_size: 100_000 }],
    });
    expect((await call('DELETE', `${base}/9/r/artifacts`)).status).toBe(200);
    expect((await call('GET', `${base}?path=9/r/artifacts/d`)).body).toEqual({});
  });

  it('keeps within its own folder of the store', async () => {
    await call('PUT', `${base}/0/x`, 'x');
    expect(await readdir(path.join(varDir, 'artifacts', 'files'))).toEqual(['mlflow']);
    expect(await readFile(path.join(varDir, 'artifacts', 'files', 'mlflow', '0', 'x'), 'utf8')).toBe('x');
  });
});

describe('the champion', () => {
  it('is moved by admins only, and every other alias by whoever may write', async () => {
    const champion = { name: 'guarded', alias: 'champion', version: '1' };
    await call('POST', 'registered-models/create', { name: 'guarded' });
    await call('POST', 'model-versions/create', { name: 'guarded', source: 's3://b/m' });
    const admin = { 'x-admin': 'yes' };
    const refused = { status: 403, body: { error_code: 'PERMISSION_DENIED' } };
    expect(await call('POST', 'registered-models/alias', champion)).toMatchObject(refused);
    expect((await call('POST', 'registered-models/alias', { ...champion, alias: 'canary' })).status).toBe(
      200,
    );
    expect((await call('POST', 'registered-models/alias', champion, admin)).status).toBe(200);
    expect(await call('DELETE', 'registered-models/alias', champion)).toMatchObject(refused);
    expect(await call('DELETE', 'model-versions/delete', champion)).toMatchObject(refused);
    expect(await call('DELETE', 'registered-models/delete', champion)).toMatchObject(refused);
    expect((await tracking.registry.aliasHistory('guarded', 'champion'))[0]).toMatchObject({
      movedBy: 'tester',
    });
    const rename = { name: 'guarded', new_name: 'away' };
    expect(await call('POST', 'registered-models/rename', rename)).toMatchObject(refused);
    await call('POST', 'registered-models/create', { name: 'usurper' });
    const usurp = { name: 'usurper', new_name: 'guarded' };
    expect(await call('POST', 'registered-models/rename', usurp)).toMatchObject(refused);
    expect((await call('DELETE', 'model-versions/delete', champion, admin)).status).toBe(200);
    expect((await tracking.registry.aliasHistory('guarded', 'champion'))[0]).toMatchObject({
      kind: 'delete',
      movedBy: 'tester',
    });
    expect((await call('DELETE', 'registered-models/delete', champion, admin)).status).toBe(200);
  });

  it('lets any writer move the alias champion of a model that is not served', async () => {
    const champion = { name: 'own', alias: 'champion', version: '1' };
    await call('POST', 'registered-models/create', { name: 'own' });
    await call('POST', 'model-versions/create', { name: 'own', source: 's3://b/m' });
    expect((await call('POST', 'registered-models/alias', champion)).status).toBe(200);
  });

  it('keeps its files from everyone but admins, and so does every other alias of the served model', async () => {
    const { run_id, artifact_uri } = await createRun();
    const files = artifact_uri.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts');
    const put = (where: string, headers: Record<string, string> = {}) => call('PUT', where, 'bytes', headers);
    expect((await put(`${files}/model/weights`)).status).toBe(200);
    await tracking.registry.createModel({ name: 'guarded' });
    const { version } = await tracking.registry.createVersion({
      name: 'guarded',
      source: `${artifact_uri}/model`,
    });
    expect((await put(`${files}/model/weights`)).status).toBe(200);
    await tracking.registry.setAlias('guarded', 'challenger', version, { movedBy: 'gate', reason: 'won' });
    const refused = { status: 403, body: { error_code: 'PERMISSION_DENIED' } };
    expect(await put(`${files}/model/weights`)).toMatchObject(refused);
    expect(await put(`${files}/model/more`)).toMatchObject(refused);
    expect(await call('DELETE', `${files}/model`)).toMatchObject(refused);
    expect(await call('DELETE', files)).toMatchObject(refused);
    const upload = `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run_id}&path=model/weights`;
    expect(await call('POST', upload, 'bytes')).toMatchObject(refused);
    expect((await put(`${files}/notes`)).status).toBe(200);
    expect((await put(`${files}/model/weights`, { 'x-admin': 'yes' })).status).toBe(200);
  });
});
