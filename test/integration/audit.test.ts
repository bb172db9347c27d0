/** What becomes of a key, and what the audit log keeps of what was done with it. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  appendAudit,
  deleteOldAudit,
  readAudit,
  verifyAudit,
  type AuditEntry,
} from '../../src/audit/index.ts';
import { DAY_MS, systemClock } from '../../src/core/clock.ts';
import {
  createApiKey,
  keepApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  type Server,
} from '../../src/server/index.ts';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';

let harness: ServerHarness;
let server: Server;
let admin: { 'x-api-key': string };
beforeAll(async () => {
  harness = await openServerHarness({ server: { apiKeys: 'required' } });
  server = await harness.openServer();
  admin = { 'x-api-key': (await createApiKey(harness.database.db, { name: 'ada', role: 'admin' })).key };
});
afterAll(() => harness.close());

const ask = (path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { ...init, headers: { ...admin, ...(init.headers as object) } });

interface Shown {
  number: number;
  actor: string;
  action: string;
  object: string;
  outcome: string;
  details: Record<string, unknown>;
}
async function show(query = ''): Promise<Shown[]> {
  const response = await ask(`/audit${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { entries: Shown[] }).entries;
}

describe('the audit log', () => {
  it('says who changed what, by route, body and outcome, and nothing of who only asked', async () => {
    const { db } = harness.database;
    const reader = await createApiKey(db, { name: 'rob', role: 'reader' });
    const json = { 'content-type': 'application/json' };
    await ask('/schedule', { method: 'PUT', headers: json, body: '{"paused": true}' });
    await postJson(`${server.url}/api/2.0/mlflow/registered-models/create`, { name: 'other' }, admin);
    await ask('/runs');
    await postJson(`${server.url}/runs/none/cancel`, {}, admin);
    const refused = await postJson(
      `${server.url}/models/copy-quality/versions/1/approve`,
      { reason: 'why not' },
      { 'x-api-key': reader.key },
    );
    expect(refused.status).toBe(403);
    expect(await show()).toMatchObject([
      {
        number: 3,
        actor: `key rob (${reader.id})`,
        action: 'POST /models/:name/versions/:version/approve',
        object: '/models/copy-quality/versions/1/approve',
        outcome: 'refused',
      },
      { number: 2, action: 'POST /api/2.0/mlflow/registered-models/create', object: 'other' },
      {
        number: 1,
        action: 'PUT /schedule',
        object: '/schedule',
        outcome: 'done',
        details: { paused: true },
      },
    ]);
    expect(await show('?actor=ROB')).toHaveLength(1);
    expect(await show('?object=other&outcome=done')).toHaveLength(1);
    expect(await show('?before=3&limit=1')).toMatchObject([{ number: 2 }]);
    expect(await show('?since=2100-01-01T00:00:00Z')).toEqual([]);
    const asReader = await fetch(`${server.url}/audit`, { headers: { 'x-api-key': reader.key } });
    expect(asReader.status).toBe(403);
  });

  it('keeps numbers without gaps and the chain whole while many write at once', async () => {
    const { db } = harness.database;
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        appendAudit(db, systemClock, [
          { actor: 'test', action: 'write', object: `one of ${index}`, outcome: 'done' },
        ]),
      ),
    );
    const found = await verifyAudit(db);
    expect(found.faults).toEqual([]);
    expect(found.head?.number).toBe(found.entries);
  });

  it('stays whole and readable whatever a name consists of', async () => {
    const { db } = harness.database;
    const names = [`${'n'.repeat(199)}😀`, String.raw`a\u0000b`, 'a\0b', '\ud83d alone'];
    for (const name of names)
      await appendAudit(db, systemClock, [
        { actor: name, action: 'POST /x', object: name.slice(0, 200), outcome: 'done', details: { name } },
      ]);
    expect((await verifyAudit(db)).faults).toEqual([]);
    expect((await show(`?limit=${names.length}`)).map(({ details }) => details['name'])).toEqual([
      '\ufffd alone',
      'ab',
      names[1],
      names[0],
    ]);
  });

  it('refuses to be changed, and tells of what was changed, taken out or cut off all the same', async () => {
    const { db } = harness.database;
    await expect(db.updateTable('audit_log').set({ actor: 'nobody' }).execute()).rejects.toThrow(
      /append-only: UPDATE/,
    );
    await expect(db.deleteFrom('audit_log').execute()).rejects.toThrow(/append-only: DELETE/);
    await expect(sql`TRUNCATE audit_log`.execute(db)).rejects.toThrow(/append-only: TRUNCATE/);
    const { head } = await verifyAudit(db);
    const tamper = async (statement: string): Promise<string> => {
      let found = '';
      const trial = db.transaction().execute(async (trx) => {
        await sql`ALTER TABLE audit_log DISABLE TRIGGER USER`.execute(trx);
        await sql.raw(statement).execute(trx);
        found = (await verifyAudit(trx, head?.hash)).faults.join();
        throw new Error('rolled back');
      });
      await expect(trial).rejects.toThrow('rolled back');
      return found;
    };
    expect(await tamper(`UPDATE audit_log SET actor = 'nobody' WHERE number = 2`)).toBe(
      'entry 2 was changed',
    );
    expect(await tamper('DELETE FROM audit_log WHERE number = 2')).toContain('between entries 1 and 3');
    expect(await tamper('DELETE FROM audit_log WHERE number > 5')).toContain('were cut off');
    expect((await verifyAudit(db, head?.hash)).faults).toEqual([]);
  });

  it('loses what is older than its retention from the beginning, and stays whole', async () => {
    const { db } = harness.database;
    const all: AuditEntry[] = [];
    for await (const entry of readAudit(db)) all.push(entry);
    const ahead = { nowMs: () => Date.now() + 10 * DAY_MS, now: () => new Date(Date.now() + 10 * DAY_MS) };
    expect(await deleteOldAudit(db, systemClock, 5)).toBe(0);
    expect(await deleteOldAudit(db, ahead, 5)).toBe(all.length);
    expect(await verifyAudit(db)).toMatchObject({ entries: 1, faults: [], head: { number: all.length + 1 } });
    expect(await show()).toMatchObject([{ actor: 'copyloop', action: 'audit retention' }]);
  });
});

describe('an API key', () => {
  it('tells what is left of its requests a minute, and is refused beyond with the time to wait', async () => {
    const { key } = await createApiKey(harness.database.db, {
      name: 'few',
      role: 'reader',
      requestsPerMinute: 2,
    });
    const headers = { 'x-api-key': key };
    const first = await fetch(`${server.url}/runs`, { headers });
    expect(first.headers.get('ratelimit-policy')).toBe('"key";q=2;w=60');
    expect(first.headers.get('ratelimit')).toMatch(/^"key";r=1;t=\d+$/);
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(200);
    const third = await fetch(`${server.url}/runs`, { headers });
    expect(third.status).toBe(429);
    expect(Number(third.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(third.headers.get('ratelimit')).toMatch(/^"key";r=0;t=\d+$/);
    expect(await third.json()).toMatchObject({ error: { code: 'too-busy', limit: 2 } });
    expect((await fetch(`${server.url}/health`, { headers })).status).toBe(200);
    expect((await ask('/runs')).headers.get('ratelimit')).toBeNull();
  });

  it('has its limit on each server by itself, as each tells', async () => {
    const other = await harness.openServer();
    const { key } = await createApiKey(harness.database.db, {
      name: 'two',
      role: 'reader',
      requestsPerMinute: 2,
    });
    const left = async ({ url }: Server): Promise<[number, string | undefined]> => {
      const { status, headers } = await fetch(`${url}/runs`, { headers: { 'x-api-key': key } });
      return [status, /r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]];
    };
    expect([await left(server), await left(server), await left(server)]).toEqual([
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ]);
    expect(await left(other)).toEqual([200, '1']);
  });

  it('ends at its time, also for who signed in with it', async () => {
    const { db } = harness.database;
    const past = await createApiKey(db, {
      name: 'past',
      role: 'reader',
      expiresAt: new Date(Date.now() - 1000),
    });
    const refused = await fetch(`${server.url}/runs`, { headers: { 'x-api-key': past.key } });
    expect(refused.status).toBe(401);
    const soon = await createApiKey(db, {
      name: 'soon',
      role: 'reader',
      expiresAt: new Date(Date.now() + 1500),
    });
    const headers = { 'x-api-key': soon.key };
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(200);
    await expect
      .poll(async () => (await fetch(`${server.url}/runs`, { headers })).status, { timeout: 10_000 })
      .toBe(401);
    expect((await postJson(`${server.url}/session`, { key: soon.key })).status).toBe(401);
  });

  it('is rotated: the new one has its name, role and limit, the old one ends after the grace', async () => {
    const { db } = harness.database;
    const old = await createApiKey(db, { name: 'ci', role: 'writer', requestsPerMinute: 7 });
    const until = new Date(Date.now() + 60_000);
    const next = await rotateApiKey(db, old.id, until);
    const keys = await listApiKeys(db);
    expect(keys.find(({ id }) => id === next.id)).toMatchObject({
      name: 'ci',
      role: 'writer',
      requestsPerMinute: 7,
      expiresAt: null,
    });
    expect(keys.find(({ id }) => id === old.id)?.expiresAt).toEqual(until);
    for (const { key } of [old, next])
      expect((await fetch(`${server.url}/runs`, { headers: { 'x-api-key': key } })).status).toBe(200);
    await expect(rotateApiKey(db, 'none', until)).rejects.toThrow('no API key none in force');
    // Ends as it would have, where that is sooner than the grace.
    const soon = new Date(Date.now() + 30_000);
    const short = await createApiKey(db, { name: 'short', role: 'reader', expiresAt: soon });
    expect((await rotateApiKey(db, short.id, until)).oldEndsAt).toEqual(soon);
  });

  it('that was made elsewhere is taken once, and never put in force again', async () => {
    const { db } = harness.database;
    const given = { name: 'given', role: 'reader' } as const;
    const key = `clp_${'ab12'.repeat(2)}_${'c'.repeat(39)}`;
    expect(await keepApiKey(db, key, given)).toEqual({ id: 'ab12ab12', isNew: true, isInForce: true });
    expect(await keepApiKey(db, key, given)).toMatchObject({ isNew: false, isInForce: true });
    const statusOf = async () =>
      (await fetch(`${server.url}/runs`, { headers: { 'x-api-key': key } })).status;
    expect(await statusOf()).toBe(200);
    await expect(keepApiKey(db, key, { ...given, role: 'admin' })).rejects.toThrow('another key ab12ab12');
    await expect(keepApiKey(db, `${key.slice(0, -1)}d`, given)).rejects.toThrow('another key ab12ab12');
    for (const wrong of ['', 'secret', `${key}c`, key.toUpperCase()])
      await expect(keepApiKey(db, wrong, given)).rejects.toThrow('this is not an API key: one is clp_<id>');
    await revokeApiKey(db, 'ab12ab12');
    expect(await keepApiKey(db, key, given)).toMatchObject({ isNew: false, isInForce: false });
    await expect.poll(statusOf, { timeout: 20_000 }).toBe(401);
  });

  it('is rotated once, by whichever of many asks first, and its replacement again', async () => {
    const { db } = harness.database;
    const old = await createApiKey(db, { name: 'often', role: 'reader' });
    const until = new Date(Date.now() + 60_000);
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => rotateApiKey(db, old.id, until)));
    const done = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(done).toHaveLength(1);
    const next = done[0]?.id ?? '';
    for (const one of tries)
      if (one.status === 'rejected')
        expect(String(one.reason)).toContain(`${old.id} was replaced by ${next} already: rotate that one`);
    const third = await rotateApiKey(db, next, until);
    const inForce = (await listApiKeys(db)).filter((key) => key.name === 'often' && key.expiresAt === null);
    expect(inForce.map(({ id }) => id)).toEqual([third.id]);
  });

  it('is made with an end and a limit, shown and rotated over HTTP, by admins', async () => {
    const json = { ...admin };
    const expires = new Date(Date.now() + DAY_MS).toISOString();
    for (const past of ['2020-01-01T00:00:00Z', new Date(Date.now() - 1000).toISOString()]) {
      const refused = await postJson(`${server.url}/keys`, { name: 'past', expires_at: past }, json);
      expect(refused).toMatchObject({ status: 400, body: { error: { field: 'expires_at' } } });
    }
    const made = await postJson(
      `${server.url}/keys`,
      { name: 'shop', role: 'writer', expires_at: expires, requests_per_minute: 9 },
      json,
    );
    expect(made.status).toBe(201);
    const id = String(made.body['id']);
    const rotated = await postJson(`${server.url}/keys/${id}/rotate`, { grace_seconds: 0 }, json);
    expect(rotated.status).toBe(201);
    const { keys } = (await (await ask('/keys')).json()) as { keys: Record<string, unknown>[] };
    expect(keys.find((key) => key['id'] === rotated.body['id'])).toMatchObject({
      name: 'shop',
      role: 'writer',
      requests_per_minute: 9,
      last_used_at: null,
    });
    // A key that was made for a day is not replaced by one for ever.
    const { expires_at: end } = keys.find((key) => key['id'] === rotated.body['id']) ?? {};
    expect(Math.abs(Date.parse(String(end)) - Date.now() - DAY_MS)).toBeLessThan(DAY_MS / 24);
    const old = await fetch(`${server.url}/runs`, { headers: { 'x-api-key': String(made.body['key']) } });
    expect(old.status).toBe(401);
    const again = await postJson(`${server.url}/keys/${id}/rotate`, {}, json);
    expect(again.status).toBe(404);
    expect(await show(`?object=/keys/${id}`)).toMatchObject([{ actor: expect.stringContaining('ada') }]);
  });

  it('says when it was last used', async () => {
    const { db } = harness.database;
    const used = await createApiKey(db, { name: 'used', role: 'reader' });
    const lastUse = async () => (await listApiKeys(db)).find(({ id }) => id === used.id)?.lastUsedAt;
    expect(await lastUse()).toBeNull();
    await fetch(`${server.url}/runs`, { headers: { 'x-api-key': used.key } });
    await expect.poll(lastUse).toBeInstanceOf(Date);
  });
});
