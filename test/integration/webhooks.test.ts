/** Webhooks end to end: a change of the registry, the outbox, a signed request at a real receiver. */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import type { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { loadConfig, type Config } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { entryPoint, packageRoot } from '../../src/core/paths.ts';
import type { Database } from '../../src/db/index.ts';
import type { AppEnv } from '../../src/server/http/index.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  createArtifactStore,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
  openWebhookDelivery,
  WEBHOOK_EVENTS,
  type TrackingStore,
  type WebhookEvent,
  type WebhookStore,
} from '../../src/tracking/index.ts';
import { openTestDatabase } from './databases.ts';
import { openReceiver, type Received, type Receiver } from './webhook-receiver.ts';

const SECRET = 'a shared secret';
const defaults = loadConfig({ env: {} }).config;
const settings: Pick<Config, 'webhooks' | 'outbound'> = {
  webhooks: {
    ...defaults.webhooks,
    allowHttp: true,
    timeoutMs: 1000,
    attempts: 3,
    backoffMs: 10,
    backoffMaxMs: 50,
  },
  outbound: { allowHosts: ['127.0.0.1'] },
};
const why = { movedBy: 'test', reason: 'because' };

let database: Database;
let tracking: TrackingStore;
let store: WebhookStore;
let receiver: Receiver;
const open: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  database = await openTestDatabase();
  tracking = createPostgresTrackingStore(database.db);
  store = createWebhookStore(database.db, systemClock, null);
  receiver = await openReceiver();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await receiver.close();
  await database.close();
});

async function deliver(config = settings): Promise<void> {
  open.push(
    await openWebhookDelivery({
      db: database.db,
      databaseUrl: database.url,
      config,
      clock: systemClock,
      log: createSilentLogger(),
    }),
  );
}

async function subscribe(...events: WebhookEvent[]): Promise<string> {
  const webhook = await store.create({ name: 'receiver', url: receiver.url, events, secret: SECRET });
  return webhook.webhookId;
}

const untilEnded = (id: string) =>
  expect.poll(async () => (await store.deliveries(id, 10)).map((one) => one.status), { timeout: 20_000 });

/** As MLflow's documentation tells receivers to: written apart from what signs. */
function isSigned({ headers, body }: Received, secret = SECRET): boolean {
  const signed = [headers['x-mlflow-delivery-id'], headers['x-mlflow-timestamp'], body].join('.');
  const digest = createHmac('sha256', Buffer.from(secret)).update(Buffer.from(signed)).digest();
  return headers['x-mlflow-signature'] === `v1,${digest.toString('base64')}`;
}

describe('a secret', () => {
  const withKey = (secretKey: string | null): typeof settings => ({
    ...settings,
    webhooks: { ...settings.webhooks, secretKey, attempts: 1 },
  });
  const [key, otherKey] = ['k'.repeat(32), 'o'.repeat(32)];
  const change = () => tracking.registry.createModel({ name: 'm' });

  it('lies sealed in the database under webhooks.secretKey, and signs all the same', async () => {
    store = createWebhookStore(database.db, systemClock, key);
    const id = await subscribe('registered_model.created');
    expect(await store.secretOf(id)).toBe(SECRET);
    const rows = await database.db.selectFrom('webhooks').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(SECRET);
    await deliver(withKey(key));
    await change();
    await receiver.until(1);
    expect(receiver.received.every((received) => isSigned(received))).toBe(true);
  });

  it.each([
    ['another key', otherKey, 'webhooks.secretKey is not the one it was sealed under'],
    ['no key', null, 'webhooks.secretKey is not set'],
  ])('sends nothing under %s, and says why', async (_what, used, message) => {
    store = createWebhookStore(database.db, systemClock, key);
    const id = await subscribe('registered_model.created');
    await deliver(withKey(used));
    await change();
    await untilEnded(id).toEqual(['dead']);
    expect((await store.deliveries(id, 1))[0]?.lastError).toContain(message);
    expect(receiver.received).toEqual([]);
  });

  it('that was stored before there was a key goes on signing; one that was moved to another webhook does not open', async () => {
    const id = await subscribe('registered_model.created');
    store = createWebhookStore(database.db, systemClock, key);
    expect(await store.secretOf(id)).toBe(SECRET);
    await store.update(id, { secret: 'a new secret' });
    expect(await store.secretOf(id)).toBe('a new secret');
    const other = await subscribe('registered_model.created');
    await database.db
      .updateTable('webhooks')
      .set({
        secret: (eb) => eb.selectFrom('webhooks as w').select('w.secret').where('w.webhook_id', '=', id),
      })
      .where('webhook_id', '=', other)
      .execute();
    await expect(store.secretOf(other)).rejects.toMatchObject({ code: 'invalid-config' });
  });
});

describe('webhooks', () => {
  it('are told of each change of the registry that they asked for, signed, in MLflow’s envelope', async () => {
    await subscribe(...WEBHOOK_EVENTS);
    await deliver();
    const { registry } = tracking;
    await registry.createModel({ name: 'm', description: 'a model', tags: { team: 'copy' } });
    await receiver.until(1);
    await registry.createVersion({ name: 'm', source: 's3://b/m', runId: 'r1', tags: { a: 'b' } });
    await receiver.until(2);
    await registry.setVersionTag('m', 1, 'k', 'v');
    await receiver.until(3);
    await registry.deleteVersionTag('m', 1, 'k');
    await receiver.until(4);
    await registry.setAlias('m', 'champion', 1, why);
    await receiver.until(5);
    await registry.setAlias('m', 'champion', 1, why);
    await registry.deleteVersionTag('m', 1, 'no such tag');
    await registry.deleteVersion('m', 1);
    await receiver.until(6);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
    expect(bodies.map(({ entity, action, data }) => [`${String(entity)}.${String(action)}`, data])).toEqual([
      ['registered_model.created', { name: 'm', tags: { team: 'copy' }, description: 'a model' }],
      [
        'model_version.created',
        { name: 'm', version: '1', source: 's3://b/m', run_id: 'r1', tags: { a: 'b' }, description: null },
      ],
      ['model_version_tag.set', { name: 'm', version: '1', key: 'k', value: 'v' }],
      ['model_version_tag.deleted', { name: 'm', version: '1', key: 'k' }],
      ['model_version_alias.created', { name: 'm', alias: 'champion', version: '1' }],
      ['model_version_alias.deleted', { name: 'm', alias: 'champion' }],
    ]);
    expect(receiver.received.every((one) => isSigned(one))).toBe(true);
    expect(isSigned(receiver.received[0] as Received, 'another secret')).toBe(false);
    expect(Date.parse(String(bodies[0]?.['timestamp']))).toBeGreaterThan(0);
    expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(6);
  });

  it('hear nothing of a change that did not happen, of what they did not ask for, of prompts, or while disabled', async () => {
    const id = await subscribe('model_version.created', 'registered_model.created');
    await tracking.registry.createModel({ name: 'm' });
    await expect(tracking.registry.createModel({ name: 'm' })).rejects.toMatchObject({
      code: 'already-exists',
    });
    await tracking.registry.createModel({ name: 'p', tags: { 'mlflow.prompt.is_prompt': 'true' } });
    await tracking.registry.createVersion({ name: 'p', source: 's3://b/p' });
    await tracking.registry.createVersion({ name: 'm', source: 's3://b/m' });
    await tracking.registry.setAlias('m', 'champion', 1, why);
    await store.update(id, { status: 'DISABLED' });
    await tracking.registry.createVersion({ name: 'm', source: 's3://b/m' });
    expect((await store.deliveries(id, 10)).map((one) => one.event).toSorted()).toEqual([
      'model_version.created',
      'registered_model.created',
    ]);
  });

  it('are tried again after failures under the same delivery id, and what was delivered ends', async () => {
    receiver.answers.push(500, 503);
    const id = await subscribe('registered_model.created');
    await tracking.registry.createModel({ name: 'm' });
    await deliver();
    await untilEnded(id).toEqual(['delivered']);
    expect(receiver.received).toHaveLength(3);
    expect(new Set(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(1);
    expect(receiver.received.every((one) => isSigned(one))).toBe(true);
    expect(await store.deliveries(id, 1)).toMatchObject([
      { attempts: 3, lastError: 'the receiver answered 503' },
    ]);
  });

  it('are given up after so many attempts with the reason kept, follow no redirect, and can be tried anew', async () => {
    receiver.answers.push(500, 500, 302);
    const id = await subscribe('registered_model.created');
    await tracking.registry.createModel({ name: 'm' });
    await deliver();
    await untilEnded(id).toEqual(['dead']);
    expect(receiver.received).toHaveLength(3);
    expect(await store.deliveries(id, 1)).toMatchObject([
      { attempts: 3, lastError: 'the receiver answered 302' },
    ]);
    expect(await store.retryDead(id)).toBe(1);
    await untilEnded(id).toEqual(['delivered']);
  });

  it('lose nothing when the process that sends is killed between commit and delivery', async () => {
    receiver.answers.push('hang');
    const id = await subscribe('registered_model.created');
    await tracking.registry.createModel({ name: 'm' });
    const { file, execArgv } = entryPoint(import.meta.url, './webhook-deliverer');
    const child = spawn(
      process.execPath,
      [
        ...execArgv,
        file,
        database.url,
        JSON.stringify({ ...settings, webhooks: { ...settings.webhooks, timeoutMs: 2000 } }),
      ],
      { stdio: 'inherit', cwd: packageRoot },
    );
    await receiver.until(1);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(await store.deliveries(id, 1)).toMatchObject([{ status: 'waiting', attempts: 1 }]);
    await deliver();
    await untilEnded(id).toEqual(['delivered']);
    expect(receiver.received.map(({ headers }) => headers['x-mlflow-delivery-id'])).toEqual([
      receiver.received[0]?.headers['x-mlflow-delivery-id'],
      receiver.received[0]?.headers['x-mlflow-delivery-id'],
    ]);
  });

  it('are delivered once when many processes deliver', async () => {
    const id = await subscribe('model_version.created');
    await tracking.registry.createModel({ name: 'm' });
    for (let at = 0; at < 4; at += 1) await deliver();
    await Promise.all(
      Array.from({ length: 30 }, () => tracking.registry.createVersion({ name: 'm', source: 's3://b/m' })),
    );
    await expect
      .poll(async () => (await store.deliveries(id, 50)).every((one) => one.status === 'delivered'), {
        timeout: 20_000,
      })
      .toBe(true);
    expect(receiver.received).toHaveLength(30);
  });

  it.each([
    ['a loopback address', 'http://127.0.0.1/', 'loopback address'],
    ['a name of loopback', 'http://localhost/', 'loopback address'],
    ['an address in the metadata service of a cloud', 'http://169.254.169.254/latest', 'link-local address'],
    ['a private address', 'https://10.1.2.3/', 'private address'],
    ['loopback in IPv6', 'https://[::1]/', 'loopback address'],
    ['a private address inside an IPv6 one', 'https://[::ffff:10.0.0.1]/', 'private address'],
    ['loopback in octal', 'http://0177.0.0.1/', 'loopback address'],
    ['loopback as one number', 'http://2130706433/', 'loopback address'],
  ])('are never sent to %s, not even when one is in the table', async (_, url, fault) => {
    const webhook = await store.create({ name: 'inside', url, events: ['registered_model.created'] });
    await tracking.registry.createModel({ name: 'm' });
    await deliver({ ...settings, outbound: { allowHosts: [] } });
    await untilEnded(webhook.webhookId).toEqual(['dead']);
    expect((await store.deliveries(webhook.webhookId, 1))[0]?.lastError).toContain(fault);
  });
});

describe('webhooks over MLflow’s protocol', () => {
  let app: Hono<AppEnv>;
  const build = (
    config: Pick<Config, 'webhooks' | 'outbound'>,
    trackedBy: string | null = null,
  ): Hono<AppEnv> =>
    createMlflowApp({
      tracking,
      artifacts: createArtifactStore({ ...defaults.storage, varDir: '/nonexistent' }),
      servedModel: 'copy-quality',
      webhooks: { store, rules: createSendRules(config), trackedBy },
    });
  beforeEach(() => {
    app = build(settings);
  });
  const call = async (method: string, where: string, body?: unknown) => {
    const response = await app.request(`/api/2.0/mlflow/webhooks${where}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const events = [{ entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' }];

  it('are made, listed, read, changed and deleted, and their secret is never shown', async () => {
    const made = await call('POST', '', { name: 'hook', url: receiver.url, events, secret: SECRET });
    expect(made).toMatchObject({
      status: 200,
      body: { webhook: { name: 'hook', url: receiver.url, events, status: 'ACTIVE' } },
    });
    const id = (made.body['webhook'] as { webhook_id: string }).webhook_id;
    expect((await call('GET', '')).body).toMatchObject({ webhooks: [{ webhook_id: id }] });
    const changed = await call('PATCH', `/${id}`, { status: 'DISABLED', description: 'for a while' });
    expect(changed.body).toMatchObject({
      webhook: { status: 'DISABLED', description: 'for a while', events },
    });
    expect((await call('GET', `/${id}`)).body).toEqual(changed.body);
    expect(JSON.stringify([made, changed])).not.toContain(SECRET);
    expect(await store.secretOf(id)).toBe(SECRET);
    expect((await call('DELETE', `/${id}`)).status).toBe(200);
    expect(await call('GET', `/${id}`)).toMatchObject({
      status: 404,
      body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
    });
  });

  it('can be tested: an example is sent at once, and what came of it is the answer', async () => {
    const id = await subscribe('model_version_alias.created');
    expect((await call('POST', `/${id}/test`, {})).body).toEqual({
      result: { success: true, response_status: 200, response_body: 'thanks' },
    });
    expect(isSigned(receiver.received[0] as Received)).toBe(true);
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      entity: 'model_version_alias',
      data: { name: 'example_model', alias: 'example_alias', version: '1' },
    });
    receiver.answers.push(500, 'hang');
    const other = { event: { entity: 'REGISTERED_MODEL', action: 'CREATED' } };
    expect((await call('POST', `/${id}/test`, other)).body).toMatchObject({
      result: { success: false, response_status: 500 },
    });
    expect((await call('POST', `/${id}/test`, {})).body).toMatchObject({
      result: { success: false, error_message: expect.stringContaining('Failed to test webhook') },
    });
  });

  it.each([
    ['http where it is not allowed', 'http://example.com/', 'https:// is needed', 400],
    ['another scheme', 'ftp://example.com/', 'https:// is needed', 400],
    ['no address', 'nonsense', 'https:// is needed', 400],
    ['a password in the address', 'https://u:p@example.com/', 'no user and no password', 400],
    ['loopback', 'https://127.0.0.1/', 'loopback', 403],
    ['a private network', 'https://192.168.1.1/', 'private', 403],
  ])('are refused for %s', async (_, url, message, status) => {
    app = build({ webhooks: defaults.webhooks, outbound: { allowHosts: [] } });
    const answer = await call('POST', '', { name: 'hook', url, events });
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } });
    expect((await store.list({ maxResults: 10 })).items).toEqual([]);
  });

  it('are refused where another server keeps the registry, whose changes copyloop does not hear of', async () => {
    app = build(settings, 'http://mlflow.example:5000');
    const answer = await call('POST', '', { name: 'hook', url: receiver.url, events });
    expect(answer).toMatchObject({
      status: 501,
      body: { message: expect.stringContaining('tracking.uri') },
    });
    expect((await store.list({ maxResults: 10 })).items).toEqual([]);
  });

  it('are refused without events, for events that nobody is told of, and for names as MLflow refuses them', async () => {
    const refused = { status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } };
    const { url } = receiver;
    expect(await call('POST', '', { name: 'hook', url, events: [] })).toMatchObject(refused);
    expect(await call('POST', '', { name: '-hook', url, events })).toMatchObject(refused);
    const prompts = [{ entity: 'PROMPT', action: 'CREATED' }];
    expect(await call('POST', '', { name: 'hook', url, events: prompts })).toMatchObject(refused);
  });
});
