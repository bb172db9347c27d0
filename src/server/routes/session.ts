/** Signing in to the pages: an API key is exchanged for a cookie, which also opens /docs and /queues. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { HOUR_MS, SECOND_MS, type Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { KEY_ROLES } from '../../db/index.ts';
import { addressOf, createRoutes, jsonAnswer, route, type AppEnv, type Router } from '../http/index.ts';
import {
  CALLBACK_PATH,
  createSingleSignOn,
  SESSION_COOKIE,
  SESSION_MS,
  SIGN_ON_COOKIE,
  SIGN_ON_MS,
  type KeyChecker,
  type Sessions,
  type SignedIn,
  type SingleSignOn,
} from '../keys/index.ts';

const SIGN_ON_PATH = '/session/oidc';

const keySchema = z
  .object({ id: z.string(), name: z.string(), role: z.enum(KEY_ROLES) })
  .openapi('SignedInKey');
const state = {
  needed: z.boolean().openapi({ description: 'whether this server asks for API keys' }),
  sign_on: z.string().nullable().openapi({
    description: 'path at which a browser signs in by the identity provider; null: there is none',
  }),
  key: keySchema.nullable().openapi({ description: 'the key, or the person, that is signed in' }),
};

interface Deps {
  sessions: Sessions;
  checkKey: KeyChecker;
  needed: boolean;
  server: Pick<Config['server'], 'trustProxy' | 'publicUrl' | 'oidc'>;
  clock: Clock;
}

export function createSessionRoutes({ sessions, checkKey, needed, server, clock }: Deps): Router {
  const { oidc } = server;
  const signOn = oidc === null ? undefined : createSingleSignOn(oidc, clock);
  const personMs = (oidc?.sessionHours ?? 0) * HOUR_MS;
  const answer = (key: SignedIn | undefined) => ({
    needed,
    sign_on: signOn === undefined ? null : SIGN_ON_PATH,
    key: key === undefined ? null : { id: key.id, name: key.name, role: key.role },
  });
  const attributes = (c: Context<AppEnv>) => ({
    path: '/',
    httpOnly: true,
    sameSite: 'Strict' as const,
    secure: isHttps(c, server),
  });
  const provider = (): SingleSignOn => {
    if (signOn === undefined)
      throw new AppError('not-found', 'this server has no identity provider: server.oidc is not set');
    return signOn;
  };
  return createRoutes('session', [
    route(`GET ${SIGN_ON_PATH}`, {
      summary: 'Sign in by the identity provider: sends the browser there',
      answer: { description: 'to the identity provider' },
      status: 302,
      refusals: { 404: 'this server has no identity provider' },
      handle: async ({ c }) => {
        const { address, sealed } = await provider().begin(callbackOf(c, server).href);
        // Lax: the provider's page, of another site, brings the browser back.
        setCookie(c, SIGN_ON_COOKIE, sealed, {
          ...attributes(c),
          sameSite: 'Lax',
          maxAge: SIGN_ON_MS / SECOND_MS,
        });
        return c.redirect(address, 302);
      },
    }),
    route(`GET ${CALLBACK_PATH}`, {
      summary: 'Where the identity provider sends the browser back; sets the cookie of the sign-in',
      answer: { description: 'signed in: to the console' },
      status: 302,
      refusals: { 404: 'this server has no identity provider' },
      handle: async ({ c }) => {
        const callback = callbackOf(c, server);
        callback.search = new URL(c.req.url).search;
        const person = await provider().finish(callback, getCookie(c, SIGN_ON_COOKIE));
        deleteCookie(c, SIGN_ON_COOKIE, attributes(c));
        const token = await sessions.openFor(person, new Date(clock.nowMs() + personMs));
        setCookie(c, SESSION_COOKIE, token, { ...attributes(c), maxAge: personMs / SECOND_MS });
        return c.redirect(addressOf(c, '/'), 302);
      },
    }),
    route('GET /session', {
      summary: 'Who is signed in, and whether anybody has to be',
      answer: jsonAnswer('the sign-in', state),
      handle: async ({ c }) => {
        const token = getCookie(c, SESSION_COOKIE);
        return answer(token === undefined ? undefined : await sessions.check(token));
      },
    }),
    route('POST /session', {
      summary: 'Sign in with an API key: the answer sets a cookie',
      body: z.strictObject({ key: z.string().min(1).max(200) }),
      answer: jsonAnswer('signed in', state),
      refusals: { 401: 'this key is not in force' },
      handle: async ({ body, c }) => {
        const key = await checkKey(body.key);
        if (key === undefined)
          throw new AppError('unauthenticated', 'this API key is unknown, was revoked or has expired');
        const maxAge = SESSION_MS / SECOND_MS;
        setCookie(c, SESSION_COOKIE, await sessions.open(key.id), { ...attributes(c), maxAge });
        return answer(key);
      },
    }),
    route('DELETE /session', {
      summary: 'Sign out',
      answer: jsonAnswer('signed out', state),
      handle: async ({ c }) => {
        const token = getCookie(c, SESSION_COOKIE);
        if (token !== undefined) await sessions.close(token);
        deleteCookie(c, SESSION_COOKIE, attributes(c));
        return answer(undefined);
      },
    }),
  ]);
}

function isHttps(c: Context<AppEnv>, { trustProxy, publicUrl }: Deps['server']): boolean {
  return (
    publicUrl?.startsWith('https:') === true || (trustProxy && c.req.header('x-forwarded-proto') === 'https')
  );
}

/** The address that is registered with the provider: it has to be the same in both requests. */
function callbackOf(c: Context<AppEnv>, server: Deps['server']): URL {
  const forwarded = server.trustProxy ? c.req.header('x-forwarded-host')?.split(',')[0]?.trim() : undefined;
  const host = forwarded ?? c.req.header('host') ?? 'localhost';
  const origin = server.publicUrl ?? `${isHttps(c, server) ? 'https' : 'http'}://${host}`;
  return new URL(addressOf(c, CALLBACK_PATH), origin);
}
