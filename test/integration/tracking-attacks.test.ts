/**
 * The attacks that were reported against MLflow, and their relatives, one case each: paths out of the root,
 * addresses of something else, and SQL where text belongs. Each is refused with its error, by every door. The
 * stores' own cases: test/tracking/artifact-store-cases.ts.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hono } from 'hono';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import type { Database } from '../../src/db/index.ts';
import type { AppEnv } from '../../src/server/http/index.ts';
import { requiredRole } from '../../src/server/keys/roles.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
  type Run,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';

const PROXY = '/api/2.0/mlflow-artifacts/artifacts';
const REFUSED = [400, 'INVALID_PARAMETER_VALUE'];

let database: Database;
let tracking: TrackingStore;
let varDir: string;
let files: string;
let app: Hono<AppEnv>;
let run: Run;
let modelId: string;

beforeAll(async () => {
  database = await openTestDatabase();
  tracking = createPostgresTrackingStore(database.db);
  varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-attacks-'));
  files = path.join(varDir, 'artifacts', 'files');
  await writeFile(path.join(varDir, 'secret'), 'secret');
  const { config } = loadConfig({ env: {} });
  const artifacts = createArtifactStore({ ...config.storage, varDir });
  const webhooks = {
    store: createWebhookStore(database.db, systemClock, null),
    rules: createSendRules(config),
  };
  app = createMlflowApp({ tracking, artifacts, servedModel: 'copy-quality', webhooks });
  run = await tracking.runs.create({ experimentId: '0' });
  modelId = (await tracking.loggedModels.create({ experimentId: '0' })).modelId;
  await artifacts.put(`mlflow/0/${run.runId}/artifacts/model/x`, 'x');
  await tracking.registry.createModel({ name: 'wired' });
  await tracking.registry.createVersion({
    name: 'wired',
    source: `${run.artifactUri}/model`,
    runId: run.runId,
  });
});
afterAll(async () => {
  await database.close();
  await rm(varDir, { recursive: true, force: true });
});

async function call(method: string, where: string, body?: unknown) {
  const response = await app.request(where.startsWith('/') ? where : `/api/2.0/mlflow/${where}`, {
    method,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  const answer = (await response.json()) as { error_code?: string; message?: string };
  return { answer: [response.status, answer.error_code], message: answer.message ?? '' };
}

// Each encoded form arrives as it is; a plain `..` never does, since URLs are normalised before.
describe.each([
  ['CVE-2023-1177: encoded slashes', '..%2f..%2f..%2fetc%2fpasswd'],
  ['CVE-2023-2780: encoded dots', '%2e%2e%2f%2e%2e%2fetc%2fpasswd'],
  ['CVE-2023-2780: back slashes', '%5c..%5c..%5cetc%5cpasswd'],
  ['CVE-2023-6015: an absolute path', '%2fetc%2fpasswd'],
  ['CVE-2023-6018: up from a folder, to overwrite', 'model%2f..%2f..%2f..%2f..%2fsecret'],
  ['CVE-2023-6831: encoded twice, to delete', '%252e%252e%252fsecret'],
  ['CVE-2023-6909: encoded twice, slashes too', '%252e%252e%252f%252e%252e%252fetc%252fpasswd'],
  ['CVE-2023-6975: back slashes encoded twice', '..%255c..%255csecret'],
  ['CVE-2023-6977: dots in the middle', '0%2f.%2f..%2f..%2fsecret'],
  ['CVE-2024-1560: capitals, encoded twice', '%252E%252E%252F%252E%252E%252Fsecret'],
  ['encoded three times', '%25252e%25252e%25252fsecret'],
  ['CVE-2024-1594: a fragment', '%23%2f..%2fsecret'],
  ['CVE-2024-3848: a fragment in a name', 'x%23%2f..%2f..%2fetc%2fpasswd'],
  ['a fragment encoded twice', 'x%2523y'],
  ['a file URI', 'file%3a%2f%2f%2fetc%2fpasswd'],
  ['a file URI without slashes', 'file%3aetc%2fpasswd'],
  ['a Windows path', '..%5c..%5cwin.ini'],
  ['a Windows drive', 'C%3a%2fwin.ini'],
  ['a share', '%5c%5chost%5cshare'],
  ['NUL', 'a%00.txt'],
  ['NUL encoded twice', 'a%2500.txt'],
  ['a line break', 'a%0ab'],
])('the path of %s', (_, encoded) => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])('is refused by the proxy: %s', async (method) => {
    const response = await app.request(`${PROXY}/${encoded}`, {
      method,
      ...(method === 'PUT' && { body: 'evil' }),
    });
    expect(response.status).toBe(400);
    if (method !== 'HEAD') expect(await response.text()).toContain('Invalid path');
  });

  it('is refused wherever else a path is asked for', async () => {
    for (const [method, where] of [
      ['GET', `${PROXY}?path=${encoded}`],
      ['GET', `artifacts/list?run_id=${run.runId}&path=${encoded}`],
      ['GET', `/get-artifact?run_uuid=${run.runId}&path=${encoded}`],
      ['GET', `/model-versions/get-artifact?name=wired&version=1&path=${encoded}`],
      ['GET', `logged-models/${modelId}/artifacts/directories?artifact_directory_path=${encoded}`],
      ['GET', `/ajax-api/2.0/mlflow/logged-models/${modelId}/artifacts/files?artifact_file_path=${encoded}`],
      ['POST', `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run.runId}&path=${encoded}`],
    ] as const) {
      const { answer, message } = await call(method, where, method === 'POST' ? 'evil' : undefined);
      expect(answer, where).toEqual(REFUSED);
      expect(message).toContain('Invalid path');
    }
    expect((await readdir(varDir)).toSorted()).toEqual(['artifacts', 'secret']);
    expect(await readFile(path.join(varDir, 'secret'), 'utf8')).toBe('secret');
  });
});

it('refuses what is no percent-encoded UTF-8', async () => {
  expect((await call('GET', `${PROXY}/%ff%fe`)).answer).toEqual(REFUSED);
});

it('follows no symbolic link that lies inside the root (CVE-2023-6976)', async () => {
  await mkdir(path.join(files, 'mlflow', 'links'), { recursive: true });
  await symlink(varDir, path.join(files, 'mlflow', 'links', 'out'));
  for (const [method, where] of [
    ['GET', `${PROXY}/links/out/secret`],
    ['PUT', `${PROXY}/links/out/secret`],
    ['DELETE', `${PROXY}/links/out/secret`],
    ['GET', `${PROXY}?path=links/out`],
  ] as const) {
    const { answer, message } = await call(method, where, method === 'PUT' ? 'evil' : undefined);
    expect(answer, `${method} ${where}`).toEqual([403, 'PERMISSION_DENIED']);
    expect(message).toContain('symbolic link');
  }
  expect(await readFile(path.join(varDir, 'secret'), 'utf8')).toBe('secret');
});

describe('a model version', () => {
  it.each([
    ['CVE-2023-1177: a local path', '/etc/passwd', 'local path'],
    ['CVE-2023-2780: a local path with back slashes', '\\..\\etc', 'local path'],
    ['CVE-2023-6018: a relative path', '../../etc', 'local path'],
    ['a file URI', 'file:///etc', 'local path'],
    ['CVE-2024-3573: a file URI in capitals', 'FILE:///etc', 'local path'],
    ['CVE-2024-3573: a file URI without slashes', 'file:etc', 'local path'],
    ['CVE-2024-1558: a file URI with a query', 'file:///etc?/../x', 'local path'],
    ['a file system of Databricks', 'dbfs:/etc', 'local path'],
    ['a drive', 'C:\\Windows', 'local path'],
    ['CVE-2023-6977: dots in our scheme', 'mlflow-artifacts:/0/../../../etc', 'relative path'],
    ['encoded dots', 'mlflow-artifacts:/0/%2e%2e/%2e%2e/etc', 'relative path'],
    ['dots encoded twice', 'mlflow-artifacts:/0/%252e%252e/etc', 'relative path'],
    ['CVE-2024-2928: a fragment', 'mlflow-artifacts:/0/x#/../../etc', 'relative path'],
    ['CVE-2024-1483: a fragment in http', 'http:///#/../../etc', 'relative path'],
    ['CVE-2024-1558: a query', 'http://host/x?/../../etc', 'relative path'],
    ['CVE-2024-1593: a parameter', 'http://host/;/../../etc', 'relative path'],
    ['dots in http', 'http://host/api/2.0/mlflow-artifacts/artifacts/../../x', 'relative path'],
    ['dots in S3', 's3://bucket/../x', 'relative path'],
    ['our scheme with a host', 'mlflow-artifacts://host:9000/0/x', 'no host'],
    ['our scheme with a query', 'mlflow-artifacts:/0/x?y', 'no query'],
    ['our scheme with nothing', 'mlflow-artifacts:/', 'not kept'],
    [
      'artifacts of another run',
      'mlflow-artifacts:/0/ffffffffffffffffffffffffffffffff/artifacts',
      'contained within',
    ],
    ['all artifacts of an experiment', 'mlflow-artifacts:/0', 'contained within'],
    ['another run by its URI', 'runs:/ffffffffffffffffffffffffffffffff/model', 'another run'],
    ['a run of no name', 'runs:/../model', 'relative path'],
    ['a scheme of no meaning', 'javascript:alert(1)', 'local path'],
  ])('is not made of %s', async (_, source, reason) => {
    const body = { name: 'wired', source, run_id: run.runId };
    const { answer, message } = await call('POST', 'model-versions/create', body);
    expect(answer).toEqual(REFUSED);
    expect(message).toContain(reason);
  });
});

describe('an experiment', () => {
  it.each([
    ['CVE-2024-1594: a file URI', 'file:///etc'],
    ['CVE-2023-6909: a local path', '/etc'],
    ['a relative path', 'here'],
    ['a path up', '..\\x'],
    ['a file system of Databricks', 'dbfs:/etc'],
    ['CVE-2024-1594: a fragment in http', 'http:///#/../../etc'],
    ['CVE-2023-6909: a query in http', 'http:///?/../../etc'],
    ['CVE-2024-1593: a parameter in http', 'http:///;/../../etc'],
    ['dots in S3', 's3://bucket/../x'],
    ['dots encoded twice', 'http://host/%252e%252e/x'],
    ['our scheme, up', 'mlflow-artifacts:/../x'],
    ['our scheme with a host', 'mlflow-artifacts://host/x'],
    ['our scheme with a query', 'mlflow-artifacts:/x?y'],
    ['our scheme, the root', 'mlflow-artifacts:/'],
  ])('keeps no artifacts at %s', async (_, artifact_location) => {
    const body = { name: `at ${artifact_location}`, artifact_location };
    const { answer, message } = await call('POST', 'experiments/create', body);
    expect(answer).toEqual(REFUSED);
    expect(message).toContain('Invalid artifact_location');
  });

  it('elsewhere is for its clients to open: the server sends nothing there (CVE-2023-6974)', async () => {
    let asked = 0;
    const internal = createServer((_, response) => {
      asked += 1;
      response.end('internal');
    });
    await new Promise<void>((resolve) => internal.listen(0, '127.0.0.1', resolve));
    const { port } = internal.address() as AddressInfo;
    try {
      for (const [index, location] of [`http://127.0.0.1:${port}/x`, 's3://bucket/x'].entries()) {
        const experimentId = await tracking.experiments.create({
          name: `elsewhere ${index}`,
          artifactLocation: location,
        });
        const { runId } = await tracking.runs.create({ experimentId });
        await tracking.registry.createModel({ name: `elsewhere-${index}` });
        await tracking.registry.createVersion({ name: `elsewhere-${index}`, source: location });
        for (const where of [
          `artifacts/list?run_id=${runId}`,
          `/get-artifact?run_uuid=${runId}&path=x`,
          `/model-versions/get-artifact?name=elsewhere-${index}&version=1&path=x`,
        ]) {
          const { answer, message } = await call('GET', where);
          expect(answer, where).toEqual(REFUSED);
          expect(message).toContain('not kept by copyloop');
        }
      }
      expect(asked).toBe(0);
    } finally {
      await new Promise((resolve) => internal.close(resolve));
    }
  });
});

describe('rights', () => {
  it("to change or delete artifacts are not a reader's (CVE-2024-4263)", () => {
    for (const prefix of ['/api', '/ajax-api'])
      for (const method of ['PUT', 'DELETE', 'POST'])
        expect(requiredRole(method, `${prefix}/2.0/mlflow-artifacts/artifacts/0/x`)).toBe('writer');
    expect(requiredRole('POST', '/ajax-api/2.0/mlflow/upload-artifact')).toBe('writer');
  });

  it.each(['/api/2.0/mlflow/users/create', '/ajax-api/2.0/mlflow/users/create', '/signup'])(
    'cannot be given to oneself at %s (CVE-2023-6014)',
    async (where) => {
      const response = await app.request(where, { method: 'POST', body: '{"username":"me","password":"x"}' });
      expect(response.status).toBe(404);
    },
  );
});

describe('SQL in a text', () => {
  const EVIL = [
    "x'; DROP TABLE experiments; --",
    '1 = 1',
    "name = 'x' OR 1=1",
    "name = 'x' UNION SELECT 1",
    "name = 'x'); DELETE FROM experiments; --",
    "name = 'x' -- y",
    "name = 'x' /* y */",
    'pg_sleep(10) = 1',
    'name = (SELECT 1)',
    "tags.`a' = 'b",
    "name ~ '.*'",
    "name = E'x'",
    'name = $$x$$',
  ];
  const searches: [string, (filter: string) => ReturnType<typeof call>][] = [
    ['experiments', (filter) => call('POST', 'experiments/search', { filter })],
    ['runs', (filter) => call('POST', 'runs/search', { experiment_ids: ['0'], filter })],
    [
      'registered models',
      (filter) => call('GET', `registered-models/search?filter=${encodeURIComponent(filter)}`),
    ],
    ['model versions', (filter) => call('GET', `model-versions/search?filter=${encodeURIComponent(filter)}`)],
    ['logged models', (filter) => call('POST', 'logged-models/search', { experiment_ids: ['0'], filter })],
  ];
  it.each(searches)('is refused in a filter of %s', async (_, search) => {
    for (const filter of EVIL) expect((await search(filter)).answer, filter).toEqual(REFUSED);
  });

  const orders: [string, (order: string) => ReturnType<typeof call>][] = [
    ['experiments', (order) => call('POST', 'experiments/search', { order_by: [order] })],
    ['runs', (order) => call('POST', 'runs/search', { experiment_ids: ['0'], order_by: [order] })],
    [
      'registered models',
      (order) => call('GET', `registered-models/search?order_by=${encodeURIComponent(order)}`),
    ],
    ['model versions', (order) => call('GET', `model-versions/search?order_by=${encodeURIComponent(order)}`)],
  ];
  it.each(orders)('is refused in an order of %s', async (_, search) => {
    for (const order of [
      'name; DROP TABLE experiments',
      '1',
      'name ASC, pg_sleep(1)',
      '(SELECT 1)',
      'name ASC --',
    ])
      expect((await search(order)).answer, order).toEqual(REFUSED);
  });

  it('is refused as an id, a number or a page token', async () => {
    for (const [method, where, body] of [
      ['GET', `experiments/get?experiment_id=${encodeURIComponent('0 OR 1=1')}`],
      ['POST', 'runs/search', { experiment_ids: ["0'; DROP TABLE experiments; --"] }],
      ['POST', 'runs/search', { experiment_ids: ['0'], max_results: '1; DROP TABLE experiments' }],
      ['POST', 'runs/search', { experiment_ids: ['0'], page_token: "x' OR '1'='1" }],
      ['GET', `model-versions/get?name=wired&version=${encodeURIComponent('1 OR 1=1')}`],
    ] as const)
      expect((await call(method, where, body)).answer, where).toEqual(REFUSED);
  });

  it('is a value like any other as a key, a name or a value', async () => {
    const evil = "x'; DROP TABLE experiments; --";
    const { runId } = await tracking.runs.create({ experimentId: '0', tags: { evil } });
    await call('POST', 'runs/set-tag', { run_id: runId, key: 'evil', value: evil });
    for (const key of ["k' OR '1'='1", 'k"; --', 'k; DROP TABLE experiments'])
      for (const [where, body] of [
        ['runs/set-tag', { run_id: runId, key, value: 'x' }],
        ['runs/log-parameter', { run_id: runId, key, value: 'x' }],
        ['runs/log-metric', { run_id: runId, key, value: 1, timestamp: 1 }],
      ] as const)
        expect((await call('POST', where, body)).answer, `${where} ${key}`).toEqual(REFUSED);
    const filter = `tags.evil = '${evil.replaceAll("'", "''")}'`;
    const found = await tracking.runs.search({ experimentIds: ['0'], filter });
    expect(found.items.map((one) => one.runId)).toEqual([runId]);
    expect((await call('POST', 'registered-models/create', { name: evil })).answer).toEqual([200, undefined]);
    expect((await tracking.registry.getModel(evil)).name).toBe(evil);
    const { rows } = await sql<{ n: number }>`SELECT count(*)::int AS n FROM experiments`.execute(
      database.db,
    );
    expect(rows[0]?.n).toBeGreaterThan(0);
  });
});
