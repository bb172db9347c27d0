/** Lets nobody in without a key, but to the paths that a load balancer asks. */
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../core/errors.ts';
import type { Config } from '../../core/config/index.ts';
import { isLoopback, isProbe, type AppEnv } from '../http/index.ts';
import type { KeyChecker } from './api-keys.ts';

/** The console's own files hold no data. */
const CONSOLE_FILES = new Set(['/', '/icon.svg']);
const CONSOLE_FOLDER = '/assets/';

export function needsKeys({ apiKeys, host }: Pick<Config['server'], 'apiKeys' | 'host'>): boolean {
  if (apiKeys === 'auto') return !isLoopback(host);
  return apiKeys === 'required';
}

export function requireKey(checkKey: KeyChecker) {
  return createMiddleware<AppEnv>(async function requireKey(c, next) {
    const { path } = c.req;
    if (isProbe(path) || CONSOLE_FILES.has(path) || path.startsWith(CONSOLE_FOLDER)) return next();
    const key = readKey(c.req.header('authorization'), c.req.header('x-api-key'));
    if (key === undefined) {
      throw new AppError(
        'unauthenticated',
        'an API key is needed: Authorization: Bearer <key> or X-Api-Key: <key>; `copyloop keys create --name NAME` makes one',
      );
    }
    const known = await checkKey(key);
    if (known === undefined) throw new AppError('unauthenticated', 'this API key is unknown or was revoked');
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
