/** Requests made to cost more than they should: JSON of any depth, texts that a careless pattern reads again and again, searches of a thousand conditions. */
import { mkdtemp, rm } from 'node:fs/promises';
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

beforeAll(async () => {
  database = await openTestDatabase();
  tracking = createPostgresTrackingStore(database.db);
  varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-floods-'));
  const { config } = loadConfig({ env: {} });
  const artifacts = createArtifactStore({ ...config.storage, varDir });
  const webhooks = {
    store: createWebhookStore(database.db, systemClock, null),
    rules: createSendRules(config),
  };
  app = createMlflowApp({ tracking, artifacts, servedModel: 'copy-quality', webhooks });
});
afterAll(async () => {
  await database.close();
  await rm(varDir, { recursive: true, force: true });
});

async function send(method: string, address: string, body: string) {
  const headers = { 'content-type': 'application/json' };
  const response = await app.request(address, { method, body, headers });
  return { status: response.status, text: await response.text() };
}

describe('JSON of 20,000 levels', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);

  it('is a 400 on every MLflow route that takes a body', async () => {
    const routes = app.routes.filter(
      ({ method, path: where }) =>
        ['POST', 'PATCH', 'DELETE'].includes(method) && where.startsWith('/api/2.0/mlflow/'),
    );
    const addresses = new Set(
      routes.map(({ method, path: where }) => `${method} ${where.replaceAll(/:\w+/g, 'x')}`),
    );
    expect(addresses.size).toBeGreaterThan(40);
    for (const one of addresses) {
      const [method = '', address = ''] = one.split(' ');
      for (const body of [
        deep,
        `{"name": ${deep}, "run_id": ${deep}}`,
        JSON.stringify(`{"name": ${deep}}`),
      ]) {
        const { status, text } = await send(method, address, body);
        expect(status, `${one}: ${text}`).toBe(400);
        expect(text).toContain('levels deep');
      }
    }
  });

  it('is a 400 as the model of a run', async () => {
    const { runId } = await tracking.runs.create({ experimentId: '0' });
    const model_json = `{"artifact_path": ${deep}, "flavors": {}, "utc_time_created": "", "run_id": ""}`;
    const body = JSON.stringify({ run_id: runId, model_json });
    expect((await send('POST', '/api/2.0/mlflow/runs/log-model', body)).status).toBe(400);
  });
});
