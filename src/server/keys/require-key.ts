/** Lets nobody in without a key, but to the paths that a load balancer asks. */
import { getCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../core/errors.ts';
import type { Config } from '../../core/config/index.ts';
import { isLoopback, isProbe, type AppEnv } from '../http/index.ts';
import type { KeyChecker } from './api-keys.ts';
import { SESSION_COOKIE, type Sessions } from './sessions.ts';
import { CALLBACK_PATH } from './single-sign-on.ts';

/** The console's own files hold no data, and signing in is for those who have not. */
const OPEN_PATHS = new Set(['/', '/icon.svg', '/session', '/session/oidc', CALLBACK_PATH]);
const CONSOLE_FOLDER = '/assets/';

export function needsKeys({ apiKeys, host }: Pick<Config['server'], 'apiKeys' | 'host'>): boolean {
  if (apiKeys === 'auto') return !isLoopback(host);
  return apiKeys === 'required';
}

/** A key goes before a sign-in, so that a script in a signed-in browser is who it says it is. */
export function requireKey(checkKey: KeyChecker, sessions: Sessions) {
  return createMiddleware<AppEnv>(async function requireKey(c, next) {
    const { path } = c.req;
    if (isProbe(path) || OPEN_PATHS.has(path) || path.startsWith(CONSOLE_FOLDER)) return next();
    const key = readKey(c.req.header('authorization'), c.req.header('x-api-key'));
    const token = key === undefined ? getCookie(c, SESSION_COOKIE) : undefined;
    if (key === undefined && token === undefined) {
      throw new AppError(
        'unauthenticated',
        'an API key is needed: Authorization: Bearer <key> or X-Api-Key: <key>; `copyloop keys create --name NAME` makes one',
      );
    }
    const known = key === undefined ? await sessions.check(token ?? '') : await checkKey(key);
    if (known === undefined)
      throw new AppError(
        'unauthenticated',
        key === undefined
          ? 'this sign-in has ended: sign in again'
          : 'this API key is unknown, was revoked or has expired',
      );
    c.set('apiKey', known);
    return next();
  });
}

/** Browsers send keys as the password of Basic authentication, MLflow's client as either. */
function readKey(authorization: string | undefined, apiKey: string | undefined): string | undefined {
  if (apiKey !== undefined) return apiKey;
  const [scheme = '', credentials = ''] = (authorization ?? '').split(' ');
  if (/^bearer$/i.test(scheme)) return credentials;
  if (/^basic$/i.test(scheme)) {
    const pair = Buffer.from(credentials, 'base64').toString();
    return pair.slice(pair.indexOf(':') + 1);
  }
  return undefined;
}
