/**
 * What a writer may not decide: which version answers, what its files are, and what the pipeline says of it.
 * And what a version is made of.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import type { Database } from '../../src/db/index.ts';
import { handleError, type AppEnv } from '../../src/server/http/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import { createModelRoutes } from '../../src/server/routes/models.ts';
import {
  checkLoadable,
  listVersionsOnTrial,
  queueCanary,
  readAliasesInTraffic,
  stopCanary,
  writeTraffic,
} from '../../src/serving/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';

const MODEL = 'served';
const ADMIN = { 'x-admin': 'yes' };
const FORBIDDEN = { status: 403, body: { error_code: 'PERMISSION_DENIED' } };
const INVALID = { status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } };

let database: Database;
let tracking: TrackingStore;
let artifacts: ArtifactStore;
let varDir: string;
let app: Hono<AppEnv>;

beforeAll(async () => {
  database = await openTestDatabase();
  tracking = createPostgresTrackingStore(database.db);
  varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-guards-'));
  const { config } = loadConfig({ env: {} });
  artifacts = createArtifactStore({ ...config.storage, varDir });
  const webhooks = {
    store: createWebhookStore(database.db, systemClock, null),
    rules: createSendRules(config),
  };
  const callerOf = (c: { req: { header(name: string): string | undefined } }) => ({
    name: 'tester',
    isAdmin: c.req.header('x-admin') === 'yes',
  });
  const aliasesInTraffic = async () => await readAliasesInTraffic(database.db);
  app = new Hono<AppEnv>();
  app.onError(handleError);
  app.use(async (c, next) => {
    c.set('log', createSilentLogger());
    await next();
  });
  const versionsOnTrial = async () => await listVersionsOnTrial(database.db, MODEL);
  const guardOf = (c: Parameters<typeof callerOf>[0]) => ({
    caller: callerOf(c),
    served: { model: MODEL, aliasesInTraffic, versionsOnTrial },
  });
  app.route('/', createModelRoutes(tracking.registry, guardOf));
  app.route(
    '/',
    createMlflowApp({
      tracking,
      artifacts,
      callerOf,
      servedModel: MODEL,
      webhooks,
      aliasesInTraffic,
      versionsOnTrial,
      checkLoadable: async (version, alias) => {
        if (version.name === MODEL && alias === 'champion') await checkLoadable(artifacts, version);
      },
    }),
  );
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
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const filesOf = (uri: string): string =>
  uri.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts');

describe('a challenger', () => {
  let uri: string;
  const challenger = { name: MODEL, alias: 'challenger', version: '2' };
  beforeAll(async () => {
    uri = (await tracking.runs.create({ experimentId: '0' })).artifactUri;
    await call('PUT', `${filesOf(uri)}/model/weights`, 'gate');
    await tracking.registry.createModel({ name: MODEL });
    for (let version = 1; version <= 3; version += 1)
      await tracking.registry.createVersion({ name: MODEL, source: `${uri}/model` });
    await tracking.registry.setAlias(MODEL, 'challenger', 1, { movedBy: 'gate', reason: 'won' });
    await tracking.registry.setAlias(MODEL, 'challenger', 2, { movedBy: 'gate', reason: 'won' });
  });

  it('without traffic is moved by whoever may write', async () => {
    expect((await call('POST', 'registered-models/alias', { ...challenger, version: '3' })).status).toBe(200);
    const rollback = await call('POST', `/models/${MODEL}/aliases/challenger/rollback`, { reason: 'back' });
    expect(rollback.status).toBe(200);
  });

  it.each([
    ['a share', { champion: 80, challenger: 20, shadow: false }],
    ['a shadow', { champion: 100, challenger: 0, shadow: true }],
  ])('with %s of the traffic is moved by admins alone, by every door', async (_, traffic) => {
    await writeTraffic(database.db, traffic);
    try {
      const moves = [
        ['POST', 'registered-models/alias', { ...challenger, version: '3' }],
        ['POST', 'registered-models/alias', { ...challenger, alias: 'Challenger', version: '3' }],
        ['DELETE', 'registered-models/alias', challenger],
        ['DELETE', 'model-versions/delete', challenger],
        ['DELETE', 'registered-models/delete', { name: MODEL }],
        ['POST', 'registered-models/rename', { name: MODEL, new_name: 'away' }],
      ] as const;
      for (const [method, where, body] of moves)
        expect(await call(method, where, body), where).toMatchObject(FORBIDDEN);
      for (const alias of ['challenger', '%63hallenger']) {
        const rollback = await call('POST', `/models/${MODEL}/aliases/${alias}/rollback`, { reason: 'mine' });
        expect(rollback.status, alias).toBe(403);
      }
      expect((await tracking.registry.findAlias(MODEL, 'challenger'))?.version).toBe(2);
      expect((await call('POST', 'registered-models/alias', { ...challenger, alias: 'mine' })).status).toBe(
        200,
      );
      expect((await call('POST', 'registered-models/alias', challenger, ADMIN)).status).toBe(200);
    } finally {
      await writeTraffic(database.db, { champion: 100, challenger: 0, shadow: false });
    }
  });

  it('that waits to be a canary is left as the gate judged it: alias, version and files', async () => {
    const rules = {
      share: 0.1,
      alpha: 0.05,
      budget: 1000,
      minimumEvents: 10,
      maxDays: 1,
      reward: 'clicks',
    } as const;
    const own = (await tracking.runs.create({ experimentId: '0' })).artifactUri;
    await call('PUT', `${filesOf(own)}/model/weights`, 'gate');
    const { version } = await tracking.registry.createVersion({ name: MODEL, source: `${own}/model` });
    await queueCanary(database.db, {
      modelName: MODEL,
      version,
      champion: 1,
      rules,
      reason: 'won',
      pipelineRunId: null,
    });
    for (const [method, where, body] of [
      ['DELETE', 'model-versions/delete', { name: MODEL, version: String(version) }],
      ['POST', 'registered-models/alias', { ...challenger, version: '3' }],
      ['PUT', `${filesOf(own)}/model/weights`, 'mine'],
    ] as const)
      expect(await call(method, where, body), where).toMatchObject(FORBIDDEN);
    const { db, locks } = database;
    const { registry } = tracking;
    const trial = { db, locks, registry, modelName: MODEL, clock: systemClock, log: createSilentLogger() };
    await stopCanary(trial, { by: 'tester', reason: 'enough' });
    expect((await call('PUT', `${filesOf(own)}/model/weights`, 'mine')).status).toBe(200);
  });

  it('keeps its files, however their names are spelled', async () => {
    const files = filesOf(uri);
    const run = files.split('/').at(-2) ?? '';
    for (const where of [
      `${files}/model/weights`,
      `${files}/MODEL/weights`,
      `${files}/Model/WEIGHTS`,
      `${files.replace(run, run.toUpperCase())}/model/weights`,
      `${files}/%6dodel/weights`,
      `${files}/%256dodel/weights`,
      `${files}/model./weights`,
      `${files}/model%20/weights`,
      `${files}/model%5Cweights`,
      `${files}/%EF%BD%8Dodel/weights`,
      `${files}/model/`,
    ])
      for (const method of ['PUT', 'DELETE']) {
        const { status } = await call(method, where, method === 'PUT' ? 'mine' : undefined);
        expect(method === 'PUT' && where.endsWith('/') ? [400] : [403], `${method} ${where}`).toContain(
          status,
        );
      }
    expect((await call('PUT', `${files}/models/weights`, 'mine')).status).toBe(200);
    expect(await artifacts.readText(uri.replace('mlflow-artifacts:', 'mlflow') + '/model/weights')).toBe(
      'gate',
    );
  });
});

it("the pipeline's own tags of experiments and logged models are changed by admins alone", async () => {
  const experiment_id = '0';
  const { modelId } = await tracking.loggedModels.create({ experimentId: '0' });
  const key = 'copyloop.dataset';
  for (const [method, where, body] of [
    ['POST', 'experiments/create', { name: 'tagged', tags: [{ key, value: 'x' }] }],
    ['POST', 'experiments/set-experiment-tag', { experiment_id, key, value: 'x' }],
    ['POST', 'experiments/set-experiment-tag', { experiment_id, key: 'Copyloop.dataset', value: 'x' }],
    ['POST', 'logged-models', { experiment_id, tags: [{ key, value: 'x' }] }],
    ['PATCH', `logged-models/${modelId}/tags`, { tags: [{ key, value: 'x' }] }],
  ] as const) {
    expect(await call(method, where, body), where).toMatchObject(FORBIDDEN);
    expect((await call(method, where, body, ADMIN)).status, where).toBe(200);
  }
  const remove = `logged-models/${modelId}/tags/${key}`;
  expect(await call('DELETE', remove)).toMatchObject(FORBIDDEN);
  const forget = { experiment_id, key };
  expect(await call('POST', 'experiments/delete-experiment-tag', forget)).toMatchObject(FORBIDDEN);
  expect((await call('DELETE', remove, undefined, ADMIN)).status).toBe(200);
});

describe('a version', () => {
  const create = async (body: object) => await call('POST', 'model-versions/create', body);
  const downloadUri = async (name: string, version: string) =>
    (await call('GET', `model-versions/get-download-uri?name=${encodeURIComponent(name)}&version=${version}`))
      .body;

  it('copied from another keeps its files when that one is gone', async () => {
    const run = await tracking.runs.create({ experimentId: '0' });
    const { modelId, artifactUri } = await tracking.loggedModels.create({ experimentId: '0' });
    for (const name of ['origin', 'copy', 'we\\ird\tname']) await tracking.registry.createModel({ name });
    await create({ name: 'origin', source: `runs:/${run.runId}/model/`, run_id: run.runId });
    await tracking.registry.setAlias('origin', 'best', 1, { movedBy: 'test', reason: 'test' });
    const files = { artifact_uri: `${run.artifactUri}/model` };
    for (const [at, source] of [
      'models:/origin/1',
      'models:/origin@best',
      'models:/origin/latest',
      'models:/copy/1',
    ].entries()) {
      const made = await create({ name: 'copy', source });
      expect(made.body, source).toMatchObject({ model_version: { source } });
      expect(await downloadUri('copy', String(at + 1))).toEqual(files);
    }
    await call('DELETE', 'registered-models/delete', { name: 'origin' });
    expect(await downloadUri('copy', '4')).toEqual(files);
    await create({ name: 'we\\ird\tname', source: `models:/${modelId}` });
    expect(await downloadUri('we\\ird\tname', '1')).toEqual({ artifact_uri: artifactUri });
    await create({ name: 'copy', source: 'models:/we\\ird\tname/1' });
    expect(await downloadUri('copy', '5')).toEqual({ artifact_uri: artifactUri });
  });

  it('is refused at once when what it names is not there', async () => {
    await tracking.registry.createModel({ name: 'hopeful' });
    for (const source of [
      'models:/nothing/1',
      'models:/hopeful/7',
      'models:/hopeful@none',
      'models:/m-00000000000000000000000000000000',
      'models:/',
      'runs:/00000000000000000000000000000000/model',
    ])
      expect(await create({ name: 'hopeful', source }), source).toMatchObject(INVALID);
    expect((await tracking.registry.searchVersions({ filter: "name = 'hopeful'" })).items).toEqual([]);
  });

  it('of a prompt needs no files, and a prompt is no way around the check of sources', async () => {
    const tags = [
      { key: 'mlflow.prompt.is_prompt', value: 'true' },
      { key: 'mlflow.prompt.text', value: 'x'.repeat(100_000) },
    ];
    await call('POST', 'registered-models/create', { name: 'greeting', tags: tags.slice(0, 1) });
    expect((await create({ name: 'greeting', source: 'prompt-template', tags })).status).toBe(200);
    for (const source of ['/etc/passwd', '../../etc', 'file:///etc', 'C:\\Windows'])
      expect(await create({ name: 'greeting', source, tags }), source).toMatchObject(INVALID);
    expect(await create({ name: 'greeting', source: 'prompt-template' })).toMatchObject(INVALID);
  });

  it('that cannot be loaded becomes no champion, not even by an admin', async () => {
    const { artifactUri } = await tracking.runs.create({ experimentId: '0' });
    await call('PUT', `${filesOf(artifactUri)}/model/copyloop.json`, '{}');
    for (const source of [`${artifactUri}/none`, `${artifactUri}/model`, 's3://elsewhere/model']) {
      const { version } = await tracking.registry.createVersion({ name: MODEL, source });
      const body = { name: MODEL, alias: 'champion', version: String(version) };
      const answer = await call('POST', 'registered-models/alias', body, ADMIN);
      expect(answer.status, source).toBe(422);
    }
    expect(await tracking.registry.findAlias(MODEL, 'champion')).toBeUndefined();
  });
});

describe('the names of files', () => {
  it('may hold what MLflow clients write in them, by every route alike', async () => {
    const run = await tracking.runs.create({ experimentId: '0' });
    const image = 'images/key%step%12%timestamp%1764500000000%g1b2c3d4-0000-4000-8000-000000000000.png';
    const names = [
      image,
      'images/k%step%23%timestamp%17%g.png',
      'epoch:3/weights',
      'a\tb.txt',
      'we\\ird.txt',
      '100%.txt',
      'a%20b',
    ];
    for (const name of names) {
      const at = `${filesOf(run.artifactUri)}/${name.split('/').map(encodeURIComponent).join('/')}`;
      expect((await call('PUT', at, name)).status, name).toBe(200);
      const query = encodeURIComponent(name);
      for (const where of [at, `/get-artifact?run_uuid=${run.runId}&path=${query}`])
        expect(await (await app.request(where)).text(), where).toBe(name);
    }
    for (const folder of ['epoch:3', 'epoch:3/', 'images/', 'images']) {
      const listed = await call(
        'GET',
        `artifacts/list?run_id=${run.runId}&path=${encodeURIComponent(folder)}`,
      );
      const at = `0/${run.runId}/artifacts/${folder}`;
      const proxied = await call('GET', `/api/2.0/mlflow-artifacts/artifacts?path=${encodeURIComponent(at)}`);
      for (const { status, body } of [listed, proxied]) {
        expect(status, folder).toBe(200);
        expect(body['files'], folder).toHaveLength(folder.startsWith('epoch') ? 1 : 2);
      }
    }
    // What no listing of the run would take is not stored by the proxy either.
    for (const name of ['a:b', 'c:/x', 'file:x'])
      expect((await call('PUT', `${filesOf(run.artifactUri)}/${name}`, 'x')).status, name).toBe(400);
    const raw = await call('PUT', `${filesOf(run.artifactUri)}/raw/key%step%0%timestamp%zz%g.png`, 'raw');
    expect(raw.status).toBe(200);
    expect((await call('DELETE', `${filesOf(run.artifactUri)}/epoch:3/`)).status).toBe(200);
    expect(
      (await call('GET', `artifacts/list?run_id=${run.runId}&path=epoch:3`)).body['files'],
    ).toBeUndefined();
  });
});
