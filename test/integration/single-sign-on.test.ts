import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, type Server } from '../../src/server/index.ts';
import { oidcOf, openProvider, type Provider } from './identity-provider.ts';
import { openServerHarness, type ServerHarness } from './server-harness.ts';

let provider: Provider;
let harness: ServerHarness;
let server: Server;
beforeAll(async () => {
  provider = await openProvider();
  harness = await openServerHarness({
    server: {
      apiKeys: 'required',
      oidc: oidcOf(provider),
    },
  });
  server = await harness.openServer();
});
afterAll(async () => {
  await harness.close();
  await new Promise((resolve) => provider.http.close(resolve));
});

const cookieOf = (response: Response, name: string): string | undefined =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .find((cookie) => cookie.startsWith(`${name}=`) && !cookie.endsWith('='));

/** As a browser goes: to the provider and back, with the cookies that it was given. */
async function signIn(
  change: (callback: URL) => void = () => {},
  { query = '', headers = {}, cookie = '' }: { query?: string; headers?: object; cookie?: string } = {},
): Promise<Response> {
  const begun = await fetch(`${server.url}/session/oidc${query}`, {
    redirect: 'manual',
    headers: { ...headers, cookie },
  });
  expect(begun.status).toBe(302);
  const atProvider = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  const callback = new URL(atProvider.headers.get('location') ?? '');
  change(callback);
  return await fetch(callback, {
    redirect: 'manual',
    headers: { ...headers, cookie: [cookieOf(begun, 'copyloop_sign_on') ?? '', cookie].join('; ') },
  });
}

describe('sign-in by an identity provider', () => {
  it('opens console, docs and queues to a person, with the highest role of the groups', async () => {
    provider.person = { sub: 'u1', email: 'ada@example.com', groups: ['copy', 'owners'] };
    const done = await signIn();
    expect([done.status, done.headers.get('location')]).toEqual([302, '/']);
    const set = done.headers.getSetCookie().find((cookie) => cookie.startsWith('copyloop_session='));
    expect(set).toMatch(/HttpOnly/i);
    expect(set).toMatch(/SameSite=Strict/i);
    const headers = { cookie: cookieOf(done, 'copyloop_session') ?? '' };
    for (const place of ['/runs', '/docs', '/queues', '/audit'])
      expect([place, (await fetch(`${server.url}${place}`, { headers })).status]).toEqual([place, 200]);
    expect(await (await fetch(`${server.url}/session`, { headers })).json()).toMatchObject({
      sign_on: '/session/oidc',
      key: { name: 'ada@example.com', role: 'admin' },
    });
    await fetch(`${server.url}/schedule`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{"paused": false}',
    });
    const audit = await (await fetch(`${server.url}/audit?limit=1`, { headers })).json();
    expect(audit).toMatchObject({ entries: [{ actor: 'ada@example.com (u1)', action: 'PUT /schedule' }] });
    expect((await fetch(`${server.url}/session`, { method: 'DELETE', headers })).status).toBe(200);
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(401);
  });

  it('gives the role of everybody to who is in no group, and none beyond it', async () => {
    provider.person = { sub: 'u2' };
    const headers = { cookie: cookieOf(await signIn(), 'copyloop_session') ?? '' };
    expect((await fetch(`${server.url}/runs`, { headers })).status).toBe(200);
    expect((await fetch(`${server.url}/keys`, { headers })).status).toBe(403);
  });

  it('is refused where state, code, nonce or the browser are not those that it began with', async () => {
    provider.person = { sub: 'u3' };
    for (const change of [
      (callback: URL) => callback.searchParams.set('state', 'other'),
      (callback: URL) => callback.searchParams.set('code', 'other'),
      (callback: URL) => callback.searchParams.delete('code'),
      (callback: URL) => callback.searchParams.delete('state'),
      (callback: URL) => callback.searchParams.set('iss', 'https://other.example'),
      (callback: URL) => callback.searchParams.set('error', 'access_denied'),
    ])
      expect((await signIn(change)).status).toBe(401);
    provider.nonce = 'of another sign-in';
    expect((await signIn()).status).toBe(401);
    provider.nonce = undefined;
    const begun = await fetch(`${server.url}/session/oidc`, { redirect: 'manual' });
    const atProvider = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
    const elsewhere = await fetch(atProvider.headers.get('location') ?? '', { redirect: 'manual' });
    expect(elsewhere.status).toBe(401);
    expect(cookieOf(elsewhere, 'copyloop_session')).toBeUndefined();
  });

  it.each([
    ['of another issuer', { iss: 'https://other.example' }],
    ['for another client', { aud: 'other' }],
    ['for another client beside this one', { aud: ['copyloop', 'other'], azp: 'other' }],
    ['that has expired', { iat: 1_700_000_000, exp: 1_700_000_060 }],
    ['that never expires', { exp: undefined }],
    ['that names nobody', { sub: undefined }],
  ])('is refused with an ID token %s', async (_what, claims) => {
    provider.person = { sub: 'u4', groups: ['owners'], ...claims };
    const refused = await signIn();
    expect(refused.status).toBe(401);
    expect(cookieOf(refused, 'copyloop_session')).toBeUndefined();
  });

  it('is refused with an ID token that the provider has not signed', async () => {
    provider.person = { sub: 'u4', groups: ['owners'] };
    provider.isForging = true;
    const refused = await signIn();
    provider.isForging = false;
    expect(refused.status).toBe(401);
    expect((await signIn()).status).toBe(302);
  });

  it('is not begun again by a code that has been used', async () => {
    provider.person = { sub: 'u5' };
    let used = new URL(server.url);
    expect((await signIn((callback) => (used = new URL(callback)))).status).toBe(302);
    const replayed = await signIn((callback) => {
      for (const name of ['code', 'state'])
        callback.searchParams.set(name, used.searchParams.get(name) ?? '');
    });
    expect(replayed.status).toBe(401);
  });

  it('leads to the console alone, whatever the request asks for', async () => {
    provider.person = { sub: 'u6' };
    const elsewhere = 'https://evil.example/';
    const query = `?return_to=${elsewhere}&redirect_uri=${elsewhere}&next=${elsewhere}`;
    const headers = { 'x-forwarded-prefix': '//evil.example', 'x-forwarded-host': 'evil.example' };
    const done = await signIn((callback) => callback.searchParams.set('return_to', elsewhere), {
      query,
      headers,
    });
    expect([done.status, done.headers.get('location')]).toEqual([302, '/']);
  });

  it('gives a token of its own where the browser brings one along', async () => {
    provider.person = { sub: 'u7' };
    const planted = `copyloop_session=${'a'.repeat(43)}`;
    const done = cookieOf(await signIn(undefined, { cookie: planted }), 'copyloop_session');
    expect(done).toBeDefined();
    expect(done).not.toBe(planted);
    expect((await fetch(`${server.url}/runs`, { headers: { cookie: planted } })).status).toBe(401);
  });

  it('leaves keys as they are', async () => {
    const { key } = await createApiKey(harness.database.db, { name: 'ci', role: 'reader' });
    expect((await fetch(`${server.url}/runs`, { headers: { 'x-api-key': key } })).status).toBe(200);
  });
});
