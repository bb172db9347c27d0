import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, revokeApiKey, type Server } from '../../src/server/index.ts';
import { openServingHarness, type ServerHarness } from './server-harness.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
let key: { id: string; key: string };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-console-'));
  ({ harness, server } = await openServingHarness(folder, { server: { apiKeys: 'required' } }));
  key = await createApiKey(harness.database.db, { name: 'reviewer', role: 'writer' });
});

afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const signIn = async (name: string): Promise<Response> =>
  await fetch(`${server.url}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: name }),
  });

const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

describe('signing in', () => {
  it('exchanges a key for a cookie that scripts and other sites cannot use', async () => {
    const answer = await signIn(key.key);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ needed: true, key: { name: 'reviewer', role: 'writer' } });
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/HttpOnly/);
    expect(cookie).toMatch(/SameSite=Strict/);
    expect(cookie).not.toContain(key.key);
  });

  it('opens the API, the API page and the queues, and says who one is', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)) };
    for (const place of ['/runs', '/docs', '/queues', '/session'])
      expect((await fetch(server.url + place, { headers })).status).toBe(200);
    expect((await fetch(`${server.url}/serving/traffic`, { method: 'PUT', headers })).status).toBe(403);
  });

  it('is refused to other sites, also with the cookie', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)), origin: 'http://elsewhere.example' };
    expect((await fetch(`${server.url}/runs`, { method: 'POST', headers })).status).toBe(403);
  });

  it('refuses a key that is not in force, and asks for one where none is given', async () => {
    expect((await signIn('clp_unknown')).status).toBe(401);
    expect((await fetch(`${server.url}/runs`)).status).toBe(401);
    expect(await (await fetch(`${server.url}/session`)).json()).toMatchObject({ needed: true, key: null });
  });

  it('ends with signing out', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)) };
    expect((await fetch(`${server.url}/session`, { method: 'DELETE', headers })).status).toBe(200);
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });

  it('ends with its key', async () => {
    const other = await createApiKey(harness.database.db, { name: 'leaver', role: 'reader' });
    const headers = { cookie: cookieOf(await signIn(other.key)) };
    await revokeApiKey(harness.database.db, other.id);
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });

  it('ends when it was not used for its time', async () => {
    const headers = { cookie: cookieOf(await signIn(key.key)) };
    await sql`UPDATE console_sessions SET expires_at = now() - interval '1 second'`.execute(
      harness.database.db,
    );
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });
});

/** Events as they come, until one is of the topic. */
async function waitForEvent(answer: Response, topic: string): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const found = new RegExp(`event: ${topic}\\ndata: ${topic}\\nid: (\\S+)`).exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error(`the stream ended without ${topic}: ${text}`);
}

describe('events', () => {
  const watch = async (query: string, headers: Record<string, string> = {}): Promise<Response> =>
    await fetch(`${server.url}/events${query}`, { headers: { 'x-api-key': key.key, ...headers } });

  it('tell of a run that starts and is cancelled, on every server', async () => {
    const other = await harness.openServer();
    const here = await watch('?topics=runs');
    const there = await fetch(`${other.url}/events?topics=runs`, { headers: { 'x-api-key': key.key } });
    const heard = Promise.all([waitForEvent(here, 'runs'), waitForEvent(there, 'runs')]);
    const { runId } = await harness.runs.startRun({ trigger: 'manual' });
    expect((await heard).every((id) => id !== '')).toBe(true);
    await harness.runs.cancelRun(runId);
  });

  it('bring what was missed after a lost connection, by the last id that was heard', async () => {
    const first = await watch('?topics=models');
    const heard = waitForEvent(first, 'models');
    await harness.setAlias('challenger', 1);
    const id = await heard;
    await sql`UPDATE model_versions SET description = 'changed meanwhile'`.execute(harness.database.db);
    const again = await watch('?topics=models', { 'last-event-id': id });
    expect(await waitForEvent(again, 'models')).not.toBe(id);
  });

  it('tell whoever comes from another server that anything may have changed', async () => {
    const answer = await watch('?topics=datasets', { 'last-event-id': 'elsewhere-7' });
    const { value } = await (answer.body?.getReader() ?? expect.fail('no body')).read();
    expect(new TextDecoder().decode(value as Uint8Array)).toContain('event: datasets');
  });

  it('refuse a topic that there is not, by name', async () => {
    const answer = await watch('?topics=runs,weather');
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('weather') as string]);
  });
});

describe('datasets', () => {
  it('are listed, and a missing one is 404', async () => {
    const headers = { 'x-api-key': key.key };
    const list = await fetch(`${server.url}/datasets`, { headers });
    expect(await list.json()).toEqual({ status: 'success', datasets: [] });
    expect((await fetch(`${server.url}/datasets/7`, { headers })).status).toBe(404);
    expect((await fetch(`${server.url}/datasets/7/rows`, { headers })).status).toBe(404);
  });
});
