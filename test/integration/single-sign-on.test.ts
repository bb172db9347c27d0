/** Sign-in by an identity provider: a small one of OpenID Connect that answers as its users would. */
import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiKey, type Server } from '../../src/server/index.ts';
import { openServerHarness, type ServerHarness } from './server-harness.ts';

const CLIENT = 'copyloop';
const SECRET = 'the-secret-of-the-client';

interface Provider {
  issuer: string;
  /** Who signs in next, and in which groups. */
  person: Record<string, unknown>;
  /** Of the id token, in place of what was asked for. */
  nonce: string | undefined;
  http: HttpServer;
}

async function openProvider(): Promise<Provider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, URLSearchParams>();
  const provider: Provider = { issuer: '', person: {}, nonce: undefined, http: createServer() };
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signToken = (claims: Record<string, unknown>): string => {
    const content = `${encode({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${encode(claims)}`;
    return `${content}.${createSign('RSA-SHA256').update(content).sign(privateKey, 'base64url')}`;
  };
  provider.http.on('request', (request, response) => {
    const url = new URL(request.url ?? '/', provider.issuer);
    const answer = (value: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (url.pathname === '/.well-known/openid-configuration')
      return answer({
        issuer: provider.issuer,
        authorization_endpoint: `${provider.issuer}/authorize`,
        token_endpoint: `${provider.issuer}/token`,
        jwks_uri: `${provider.issuer}/keys`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
        code_challenge_methods_supported: ['S256'],
      });
    if (url.pathname === '/keys')
      return answer({
        keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }],
      });
    if (url.pathname === '/authorize') {
      const code = randomUUID();
      codes.set(code, url.searchParams);
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const given = new URLSearchParams(body);
      const asked = codes.get(given.get('code') ?? '');
      codes.delete(given.get('code') ?? '');
      const challenge = createHash('sha256')
        .update(given.get('code_verifier') ?? '')
        .digest('base64url');
      if (
        asked === undefined ||
        asked.get('code_challenge') !== challenge ||
        asked.get('redirect_uri') !== given.get('redirect_uri') ||
        given.get('client_secret') !== SECRET
      )
        return answer({ error: 'invalid_grant' }, 400);
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: provider.issuer,
        aud: CLIENT,
        iat: now,
        exp: now + 60,
        nonce: provider.nonce ?? asked.get('nonce'),
        ...provider.person,
      };
      return answer({ access_token: 'one', token_type: 'Bearer', id_token: signToken(claims) });
    });
  });
  await new Promise<void>((resolve) => provider.http.listen(0, '127.0.0.1', resolve));
  provider.issuer = `http://127.0.0.1:${(provider.http.address() as AddressInfo).port}`;
  return provider;
}

let provider: Provider;
let harness: ServerHarness;
let server: Server;
beforeAll(async () => {
  provider = await openProvider();
  harness = await openServerHarness({
    server: {
      apiKeys: 'required',
      oidc: {
        issuer: provider.issuer,
        clientId: CLIENT,
        clientSecret: SECRET,
        cookieSecret: 'x'.repeat(32),
        scope: 'openid profile email',
        groupsClaim: 'groups',
        roles: { reader: ['*'], writer: ['copy'], admin: ['owners'] },
        sessionHours: 12,
      },
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
async function signIn(change: (callback: URL) => void = () => {}): Promise<Response> {
  const begun = await fetch(`${server.url}/session/oidc`, { redirect: 'manual' });
  expect(begun.status).toBe(302);
  const atProvider = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' });
  const callback = new URL(atProvider.headers.get('location') ?? '');
  change(callback);
  return await fetch(callback, {
    redirect: 'manual',
    headers: { cookie: cookieOf(begun, 'copyloop_sign_on') ?? '' },
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

  it('leaves keys as they are', async () => {
    const { key } = await createApiKey(harness.database.db, { name: 'ci', role: 'reader' });
    expect((await fetch(`${server.url}/runs`, { headers: { 'x-api-key': key } })).status).toBe(200);
  });
});
