/**
 * Requests that nobody should send, from a fixed seed, to every route of MLflow's protocol: whatever they
 * hold, the server is not at fault.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createRandom } from '../../src/core/random.ts';
import type { Database } from '../../src/db/index.ts';
import type { AppEnv } from '../../src/server/http/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
} from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';

const REQUESTS = 5000;
const SEED = 20_261_130;

let database: Database;
let varDir: string;
let app: Hono<AppEnv>;
/** What is there, so that requests come past the first look-up. */
let known: readonly string[];

beforeAll(async () => {
  database = await openTestDatabase();
  varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-fuzz-'));
  const { config } = loadConfig({ env: {} });
  const tracking = createPostgresTrackingStore(database.db);
  const artifacts = createArtifactStore({ ...config.storage, varDir });
  app = createMlflowApp({
    tracking,
    artifacts,
    servedModel: 'copy-quality',
    webhooks: { store: createWebhookStore(database.db, systemClock, null), rules: createSendRules(config) },
  });
  const run = await tracking.runs.create({ experimentId: '0' });
  const { modelId } = await tracking.loggedModels.create({ experimentId: '0' });
  await artifacts.put(`mlflow/0/${run.runId}/artifacts/model/MLmodel`, 'flavors: {}');
  await tracking.registry.createModel({ name: 'fuzzed' });
  await tracking.registry.createVersion({
    name: 'fuzzed',
    source: `${run.artifactUri}/model`,
    runId: run.runId,
  });
  known = [run.runId, modelId, 'fuzzed', '0', '1', `${run.artifactUri}/model`, `models:/fuzzed/1`];
});
afterAll(async () => {
  await database.close();
  await rm(varDir, { recursive: true, force: true });
});

const FIELDS = (
  'name new_name run_id run_uuid experiment_id experiment_ids key value timestamp step tags tag metrics params metric_key ' +
  'filter filter_string order_by max_results page_token view_type run_view_type lifecycle_stage status end_time start_time ' +
  'run_name user_id artifact_location path artifact_path source version stage alias description archive_existing_versions ' +
  'model_id model_ids model_type model_json models datasets dataset digest source_run_id columns events event secret url ' +
  'webhook_id max_results_per_run metric_keys run_ids start_step end_step num_samples deployment_job_id key_value user_name'
).split(' ');

const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e308,
  '',
  ' ',
  '0',
  '-1',
  'NaN',
  'Infinity',
  '9223372036854775808',
  '\u0000',
  '\ud800',
  '\u202e\ufeff',
  '%',
  '%25%2e%2e%2f',
  '../../etc/passwd',
  "'; DROP TABLE runs; --",
  "metrics.loss > 1 AND tags.`a` LIKE '%'",
  'metrics.loss DESC',
  "attributes.start_time = 'x'",
  "name ILIKE '\\'",
  'params."',
  '((((',
  'x'.repeat(6000),
  '1'.repeat(3000),
  '😀'.repeat(300),
  [],
  [[]],
  {},
  { key: 'k', value: 'v' },
  [{ key: 'k', value: 1, timestamp: 1, step: 'x' }],
  [{ key: '', value: null }],
  { dataset: { name: 'd' }, tags: 'x' },
  { entity: 'MODEL_VERSION', action: 'CREATED' },
  ['0', 0, null],
];

it(
  `${REQUESTS} odd requests to MLflow's routes (seed ${SEED}) get no answer of 500 or above`,
  { timeout: 600_000 },
  async () => {
    const random = createRandom(SEED);
    const routes = app.routes.filter(({ method, path: where }) => method !== 'ALL' && !where.endsWith('/*'));
    const wild = app.routes.filter(
      ({ method, path: where }) => method !== 'ALL' && where.endsWith('artifacts/*'),
    );
    expect(routes.length).toBeGreaterThan(80);
    const draw = (): unknown => (random.chance(0.45) ? random.pick(known) : random.pick(ODD));
    const drawBody = (): string => {
      const fields: Record<string, unknown> = {};
      for (let count = random.below(9); count >= 0; count -= 1) fields[random.pick(FIELDS)] = draw();
      const body = JSON.stringify(random.chance(0.03) ? draw() : fields);
      return random.chance(0.04) ? body.slice(0, random.below(body.length + 1)) : body;
    };
    const drawText = (): string => {
      const drawn = draw();
      return encodeURIComponent((typeof drawn === 'string' ? drawn : JSON.stringify(drawn)).toWellFormed());
    };
    const statuses = new Map<number, number>();
    const faults: string[] = [];
    for (let count = 0; count < REQUESTS; count += 1) {
      const { method, path: pattern } = random.pick(random.chance(0.1) ? wild : routes);
      let where = pattern.replaceAll(/:\w+(?:\{[^}]*\})?|\*/g, () => drawText() || 'x');
      if (method === 'GET' || random.chance(0.1)) {
        const pairs = Array.from({ length: random.below(5) }, () => `${random.pick(FIELDS)}=${drawText()}`);
        where += `?${pairs.join('&')}`;
      }
      const body = method === 'GET' ? undefined : drawBody();
      const type = random.chance(0.95) ? 'application/json' : random.pick(['text/plain', 'x', '']);
      const response = await app.request(where, {
        method,
        headers: { 'content-type': type },
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status >= 500)
        faults.push(`${method} ${where} ${body ?? ''} -> ${response.status} ${text}`);
    }
    expect(faults).toEqual([]);
    // Neither all refused nor none: the requests come past the border.
    expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 50);
    expect(statuses.get(400)).toBeGreaterThan(REQUESTS / 10);
  },
);
