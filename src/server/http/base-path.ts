/**
 * Where a proxy offers this server: addresses that stand in answers begin with it. The proxy takes it off
 * before it asks.
 */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from './router.ts';

const BASE_PATH = /^(?:\/[\w.~-]+)+$/;
const MAX_CHARS = 200;

/**
 * @param options.basePath `/copyloop`; '' at the root. X-Forwarded-Prefix of a trusted proxy says it for one
 *   request.
 */
export function findBasePath({ basePath, trustProxy }: { basePath: string; trustProxy: boolean }) {
  return createMiddleware<AppEnv>(async function findBasePath(c, next) {
    const given = trustProxy ? c.req.header('x-forwarded-prefix')?.replace(/\/$/, '') : undefined;
    const isUsable =
      given === '' || (given !== undefined && given.length <= MAX_CHARS && BASE_PATH.test(given));
    c.set('basePath', isUsable ? given : basePath);
    return next();
  });
}

/** The address of a path of ours as the caller reaches it, without the host. */
export function addressOf(c: Context<AppEnv>, path: string): string {
  return `${c.get('basePath') ?? ''}${path}`;
}
