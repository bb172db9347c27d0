/** Signing in to the pages: an API key is exchanged for a cookie, which also opens /docs and /queues. */
import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { SECOND_MS } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { KEY_ROLES } from '../../db/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  type AppEnv,
  type Router,
} from '../http/index.ts';
import { SESSION_COOKIE, SESSION_MS, type KeyChecker, type Sessions, type SignedIn } from '../keys/index.ts';

const keySchema = z
  .object({ id: z.string(), name: z.string(), role: z.enum(KEY_ROLES) })
  .openapi('SignedInKey');
const state = {
  needed: z.boolean().openapi({ description: 'whether this server asks for API keys' }),
  key: keySchema.nullable(),
};

const showRoute = defineRoute({
  method: 'get',
  path: '/session',
  tags: ['session'],
  summary: 'Who is signed in, and whether anybody has to be',
  responses: { 200: jsonAnswer('the sign-in', state) },
});

const signInRoute = defineRoute({
  method: 'post',
  path: '/session',
  tags: ['session'],
  summary: 'Sign in with an API key: the answer sets a cookie',
  request: { body: jsonBody(z.strictObject({ key: z.string().min(1).max(200) })) },
  responses: {
    200: jsonAnswer('signed in', state),
    401: errorResponse('this key is not in force'),
  },
});

const signOutRoute = defineRoute({
  method: 'delete',
  path: '/session',
  tags: ['session'],
  summary: 'Sign out',
  responses: { 200: jsonAnswer('signed out', state) },
});

interface Deps {
  sessions: Sessions;
  checkKey: KeyChecker;
  needed: boolean;
  trustProxy: boolean;
}

export function createSessionRoutes({ sessions, checkKey, needed, trustProxy }: Deps): Router {
  const answer = (key: SignedIn | undefined) => ({
    status: 'success' as const,
    needed,
    key: key === undefined ? null : { id: key.id, name: key.name, role: key.role },
  });
  const attributes = (c: Context<AppEnv>) => ({
    path: '/',
    httpOnly: true,
    sameSite: 'Strict' as const,
    secure: trustProxy && c.req.header('x-forwarded-proto') === 'https',
  });
  return createRouter()
    .openapi(showRoute, async function showSession(c) {
      const token = getCookie(c, SESSION_COOKIE);
      return c.json(answer(token === undefined ? undefined : await sessions.check(token)), 200);
    })
    .openapi(signInRoute, async function signIn(c) {
      const key = await checkKey(c.req.valid('json').key);
      if (key === undefined)
        throw new AppError('unauthenticated', 'this API key is unknown, was revoked or has expired');
      const maxAge = SESSION_MS / SECOND_MS;
      setCookie(c, SESSION_COOKIE, await sessions.open(key.id), { ...attributes(c), maxAge });
      return c.json(answer(key), 200);
    })
    .openapi(signOutRoute, async function signOut(c) {
      const token = getCookie(c, SESSION_COOKIE);
      if (token !== undefined) await sessions.close(token);
      deleteCookie(c, SESSION_COOKIE, attributes(c));
      return c.json(answer(undefined), 200);
    });
}
