/**
 * Where no key is asked for, the browser of the person at the machine is the way in for strangers: a page of another site may send
 * requests to 127.0.0.1, and a host name of its own may be pointed there (DNS rebinding). Both are refused.
 */
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../core/errors.ts';
import { isLoopback } from './loopback.ts';
import type { AppEnv } from './router.ts';

export function refuseOtherSites(options: { checkHost: boolean }) {
  return createMiddleware<AppEnv>(async function refuseOtherSites(c, next) {
    if (
      c.req.header('sec-fetch-site') === 'cross-site' &&
      c.req.method !== 'GET' &&
      c.req.method !== 'HEAD'
    ) {
      throw new AppError('forbidden', 'a page of another site may not send this request');
    }
    const host = c.req.header('host');
    if (options.checkHost && host !== undefined && !isLoopback(host.replace(/:\d+$/, ''))) {
      throw new AppError(
        'forbidden',
        `the server listens on loopback without API keys and answers to loopback names only, not to ${JSON.stringify(host.slice(0, 100))}: set server.apiKeys to required, or to off behind a proxy that guards it`,
      );
    }
    return next();
  });
}
