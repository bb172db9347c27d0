/**
 * Which role each route needs: the table below names every route, so that a new one fails here until somebody
 * has decided.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { KEY_ROLES, type KeyRole } from '../../src/db/index.ts';
import { createApiKey, type Server } from '../../src/server/index.ts';
import { openServerHarness, type ServerHarness } from './server-harness.ts';
import { copyTinyModels } from './shared-models.ts';

const OPEN = [
  'GET /health',
  'GET /ready',
  'GET /ping',
  'GET /v2/health/live',
  'GET /v2/health/ready',
  'GET /session',
  'POST /session',
  'DELETE /session',
  'GET /session/oidc',
  'GET /session/oidc/callback',
];

/** Below `/api/2.0/mlflow/`. Every GET that is not named here is a reader's. */
const MLFLOW_ASKING = `
  POST experiments/search
  POST experiments/search-datasets
  POST runs/search
  POST registered-models/get-latest-versions
  POST logged-models/search`;
const MLFLOW_CHANGING = `
  POST experiments/create
  POST experiments/update
  POST experiments/delete
  POST experiments/restore
  POST experiments/set-experiment-tag
  POST experiments/delete-experiment-tag
  DELETE experiments/delete-experiment-tag
  POST runs/create
  POST runs/update
  POST runs/delete
  POST runs/restore
  POST runs/log-metric
  POST runs/log-parameter
  POST runs/log-batch
  POST runs/set-tag
  POST runs/delete-tag
  POST runs/log-inputs
  POST runs/outputs
  POST runs/log-model
  POST registered-models/create
  POST registered-models/rename
  PATCH registered-models/update
  DELETE registered-models/delete
  POST registered-models/set-tag
  DELETE registered-models/delete-tag
  POST registered-models/alias
  DELETE registered-models/alias
  POST model-versions/create
  PATCH model-versions/update
  POST model-versions/transition-stage
  DELETE model-versions/delete
  POST model-versions/set-tag
  DELETE model-versions/delete-tag
  POST logged-models
  PATCH logged-models/:model_id
  DELETE logged-models/:model_id
  PATCH logged-models/:model_id/tags
  DELETE logged-models/:model_id/tags/:tag_key
  POST logged-models/:model_id/params
  POST upload-artifact`;

const OURS: Readonly<Record<KeyRole, string>> = {
  reader: `
    POST /predict
    POST /batch_predict
    POST /texts/check
    GET /info
    GET /metrics
    GET /generate_data
    GET /loop
    GET /runs
    GET /runs/:id
    GET /runs/:id/log
    GET /runs/:id/gate.html
    GET /schedule
    GET /events
    GET /brands
    GET /writers/usage
    GET /brands/:name
    GET /brands/:name/versions
    GET /brands/:name/versions/:version
    GET /datasets
    GET /datasets/:version
    GET /datasets/:version/rows
    GET /datasets/:version/findings
    GET /datasets/:version/diff/:other
    GET /rows-aside
    GET /models
    GET /models/:name/versions
    GET /models/:name/versions/:version
    GET /models/:name/aliases/:alias/history
    GET /models/:name/versions/:version/gate
    GET /models/:name/versions/:version/gate.html
    GET /serving/traffic
    GET /predictions
    GET /learning/value
    GET /learning/summary
    GET /learning/canary
    GET /predictions/:id
    GET /feedback
    GET /texts
    GET /texts/:text_id
    GET /predictions/:id/receipt
    GET /models/:name/versions/:version/receipt
    GET /jobs
    GET /jobs/:id
    GET /jobs/:id/output
    GET /jobs/:id/refused
    GET /jobs/:id/inspection
    GET /v2
    POST /v2/repository/index
    GET /v2/models/:model/ready
    GET /v2/models/:model
    POST /v2/models/:model/infer
    GET /v2/models/:model/versions/:version/ready
    GET /v2/models/:model/versions/:version
    POST /v2/models/:model/versions/:version/infer
    POST /tei/predict
    POST /invocations
    GET /api/2.0/mlflow-artifacts/artifacts
    GET /api/2.0/mlflow-artifacts/artifacts/*
    GET /get-artifact
    GET /model-versions/get-artifact
    GET /version
    GET /api/3.0/mlflow/server-info
    GET /openapi.json
    GET /docs
    GET /docs/page.js
    GET /docs/page.css
    GET /
    GET /queues`,
  writer: `
    POST /runs
    POST /runs/:id/cancel
    POST /runs/:id/replay
    POST /models/:name/aliases/:alias/rollback
    POST /feedback
    POST /feedback/batch
    POST /datasets/:version/aside
    DELETE /rows-aside/:content
    POST /texts/state
    POST /texts/pairs
    POST /texts/:text_id/state
    POST /texts/:text_id/assignee
    POST /texts/:text_id/comments
    GET /reviewers
    PUT /brands/:name
    POST /jobs/predict
    POST /jobs/inspect
    POST /jobs/:id/cancel
    POST /jobs/:id/pause
    POST /jobs/:id/resume
    DELETE /jobs/:id
    DELETE /predictions/:id
    PUT /api/2.0/mlflow-artifacts/artifacts/*
    DELETE /api/2.0/mlflow-artifacts/artifacts/*`,
  admin: `
    POST /models/:name/aliases/champion/rollback
    PUT /serving/traffic
    POST /learning/canary/settle
    POST /learning/canary/stop
    PUT /schedule
    GET /keys
    GET /admin/storage
    GET /admin/doctor
    POST /admin/webhooks/:id/retry
    GET /admin/webhooks
    GET /admin/config
    POST /keys
    POST /keys/:id/rotate
    DELETE /keys/:id
    DELETE /tracking/runs/:run_id
    POST /tracking/retention
    POST /models/:name/versions/:version/approve
    POST /models/:name/versions/:version/reject
    GET /audit
    GET /api/2.0/mlflow/webhooks
    POST /api/2.0/mlflow/webhooks
    GET /api/2.0/mlflow/webhooks/:webhook_id
    PATCH /api/2.0/mlflow/webhooks/:webhook_id
    DELETE /api/2.0/mlflow/webhooks/:webhook_id
    POST /api/2.0/mlflow/webhooks/:webhook_id/test`,
};

const lines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
const below = (text: string, prefix: string): string[] =>
  lines(text).map((line) => line.replace(' ', ` ${prefix}`));

const MLFLOW = '/api/2.0/mlflow/';
const table: readonly (readonly [string, KeyRole])[] = [
  ...[...lines(OURS.reader), ...below(MLFLOW_ASKING, MLFLOW)].map((route) => [route, 'reader'] as const),
  ...[...lines(OURS.writer), ...below(MLFLOW_CHANGING, MLFLOW)].map((route) => [route, 'writer'] as const),
  ...lines(OURS.admin).map((route) => [route, 'admin'] as const),
];

/**
 * Rules instead of rows for MLflow's many reads and for Bull Board's pages, which follow their method alone.
 */
function roleOf(route: string): KeyRole | 'open' | undefined {
  if (OPEN.includes(route)) return 'open';
  const named = table.find(([known]) => known === route);
  if (named !== undefined) return named[1];
  if (route.startsWith(`GET ${MLFLOW}`)) return 'reader';
  if (/^\w+ \/queues\//.test(route)) return route.startsWith('GET ') ? 'reader' : 'writer';
  return undefined;
}

let harness: ServerHarness;
let server: Server;
const keys = new Map<KeyRole, string>();
beforeAll(async () => {
  harness = await openServerHarness({ server: { apiKeys: 'required' } });
  server = await harness.openServer();
  for (const role of KEY_ROLES)
    keys.set(role, (await createApiKey(harness.database.db, { name: `the ${role}`, role })).key);
});
afterAll(() => harness.close());

async function ask(route: string, role: KeyRole): Promise<{ status: number; text: string }> {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern
    .replaceAll(/:version\b/g, '1')
    .replaceAll(/:\w+/g, 'none')
    .replace('*', 'none');
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'x-api-key': keys.get(role) ?? '', 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: '{"no_such_field": 1}' }),
  });
  // Events have no end.
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    await response.body?.cancel();
    return { status: response.status, text: '' };
  }
  return { status: response.status, text: await response.text() };
}

it('is decided for every route, and no route is named that is not there', () => {
  // The console's own files are open, and named after their content.
  const isFile = (route: string): boolean => /^GET \/(assets\/|icon\.svg$)/.test(route);
  const asked = server.routes.filter((route) => !isFile(route));
  const routes = new Set(asked.map((route) => route.replace('/ajax-api/', '/api/')));
  expect([...routes].filter((route) => roleOf(route) === undefined)).toEqual([]);
  const special = new Set(['POST /models/:name/aliases/champion/rollback']);
  expect(table.map(([route]) => route).filter((route) => !routes.has(route) && !special.has(route))).toEqual(
    [],
  );
});

it.each(table)('%s needs a %s', async (route, needed) => {
  for (const [at, role] of KEY_ROLES.entries()) {
    const { status, text } = await ask(route, role);
    const isEnough = at >= KEY_ROLES.indexOf(needed);
    if (isEnough) expect([401, 403], `${role}: ${text}`).not.toContain(status);
    else {
      expect(status, `${role}: ${text}`).toBe(403);
      expect(text).toContain(`needs a key of the role ${needed}`);
    }
  }
});

it('is the same below /ajax-api, and for an encoded path', async () => {
  const changing = `POST /ajax-api/2.0/mlflow/runs/create`;
  expect((await ask(changing, 'reader')).status).toBe(403);
  expect((await ask(changing, 'writer')).status).not.toBe(403);
  expect((await ask('POST /ajax-api/2.0/mlflow/runs/search', 'reader')).status).not.toBe(403);
  for (const path of ['/models/copy-quality/aliases/%63hampion/rollback', '/serving/%74raffic'])
    expect((await ask(`${path.startsWith('/serving') ? 'PUT' : 'POST'} ${path}`, 'writer')).status).toBe(403);
});

it('lets a writer move every alias but the champion of the served model, and says who moved it', async () => {
  const { registry } = harness.tracking;
  await registry.createVersion({ name: 'copy-quality', source: 's3://bucket/model' });
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-roles-'));
  const [model = ''] = await copyTinyModels(folder, ['first']);
  const loadable = await harness.register(model);
  const send = async (role: KeyRole, alias: string, version = 1) => {
    const response = await fetch(`${server.url}/api/2.0/mlflow/registered-models/alias`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.get(role) ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'copy-quality', alias, version: String(version) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  expect((await send('writer', 'canary')).status).toBe(200);
  const refused = await send('writer', 'champion');
  expect(refused).toMatchObject({ status: 403, body: { error_code: 'PERMISSION_DENIED' } });
  expect(refused.body['message']).toContain('run the pipeline, or ask with an admin key');
  // Nobody can load what lies elsewhere, and a champion that nobody can load leaves every new server not
  // ready.
  expect((await send('admin', 'champion')).status).toBe(422);
  expect((await send('admin', 'champion', loadable)).status).toBe(200);
  expect((await registry.aliasHistory('copy-quality', 'champion'))[0]?.movedBy).toMatch(
    /^key the admin \([a-z0-9]{8}\)$/,
  );
  await rm(folder, { recursive: true });
});

it("keeps the pipeline's own tags from writers, by every way that leads to them", async () => {
  const { registry, runs } = harness.tracking;
  const { runId: run_id } = await runs.create({ experimentId: '0' });
  const { version } = await registry.createVersion({ name: 'copy-quality', source: 's3://bucket/other' });
  const of = { name: 'copy-quality', version: String(version) };
  const ways = (key: string): [method: string, path: string, body: Record<string, unknown>][] => {
    const tag = { key, value: 'pending' };
    return [
      ['POST', 'runs/create', { experiment_id: '0', tags: [tag] }],
      ['POST', 'runs/log-batch', { run_id, tags: [{ key: 'a', value: 'b' }, tag] }],
      ['POST', 'runs/set-tag', { run_id, ...tag }],
      ['POST', 'runs/delete-tag', { run_id, key }],
      ['POST', 'model-versions/create', { ...of, source: 's3://bucket/third', tags: [tag] }],
      ['POST', 'model-versions/set-tag', { ...of, ...tag }],
      ['DELETE', 'model-versions/delete-tag', { ...of, key }],
      ['POST', 'registered-models/create', { name: `m-${key}`, tags: [tag] }],
      ['POST', 'registered-models/set-tag', { name: of.name, ...tag }],
      ['DELETE', 'registered-models/delete-tag', { name: of.name, key }],
    ];
  };
  const send = async (role: KeyRole, [method, path, body]: ReturnType<typeof ways>[number]) =>
    await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
      method,
      headers: { authorization: `Bearer ${keys.get(role) ?? ''}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  for (const way of ways('copyloop.approval')) {
    const refused = await send('writer', way);
    expect([way[1], refused.status]).toEqual([way[1], 403]);
    expect(((await refused.json()) as { message: string }).message).toContain('take another key');
  }
  for (const way of ways('copyloops'))
    expect([way[1], (await send('writer', way)).status]).toEqual([way[1], 200]);
  expect((await runs.get(run_id)).tags).not.toHaveProperty('copyloop.approval');
  for (const way of ways('copyloop.approval'))
    expect([way[1], (await send('admin', way)).status]).toEqual([way[1], 200]);
});
