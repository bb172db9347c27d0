/** A small identity provider of OpenID Connect that answers as its users would. */
import { createHash, createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../src/core/config/index.ts';

const CLIENT = 'copyloop';
const SECRET = 'the-secret-of-the-client';

export interface Provider {
  issuer: string;
  /** Claims of who signs in next; they go before those of the provider's own, such as `iss`. */
  person: Record<string, unknown>;
  /** Of the id token, in place of what was asked for. */
  nonce: string | undefined;
  /** Signs with a key that it does not publish. */
  isForging: boolean;
  http: HttpServer;
}

export async function openProvider(): Promise<Provider> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const codes = new Map<string, URLSearchParams>();
  const provider: Provider = {
    issuer: '',
    person: {},
    nonce: undefined,
    isForging: false,
    http: createServer(),
  };
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signToken = (claims: Record<string, unknown>): string => {
    const content = `${encode({ alg: 'RS256', kid: 'one', typ: 'JWT' })}.${encode(claims)}`;
    const key = provider.isForging ? stranger.privateKey : privateKey;
    return `${content}.${createSign('RSA-SHA256').update(content).sign(key, 'base64url')}`;
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

/** Settings of a server that signs people in by the provider. */
export function oidcOf({ issuer }: Provider): Config['server']['oidc'] {
  return {
    issuer,
    clientId: CLIENT,
    clientSecret: SECRET,
    cookieSecret: 'x'.repeat(32),
    scope: 'openid profile email',
    groupsClaim: 'groups',
    roles: { reader: ['*'], writer: ['copy'], admin: ['owners'] },
    sessionHours: 12,
  };
}
