/**
 * Keeps other sites out. A page of theirs may send requests to us with whatever the browser of the person at
 * the machine lets it send, and where no key is asked for, a host name of its own may be pointed at loopback
 * (DNS rebinding). Both are refused.
 */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../core/errors.ts';
import { isLoopback } from './loopback.ts';
import { isProbe } from './probes.ts';
import type { AppEnv } from './router.ts';

/** @param options.allowHosts names beside loopback's; undefined: any */
export function refuseOtherSites(options: {
  allowHosts?: readonly string[] | undefined;
  trustProxy: boolean;
}) {
  const allowed = new Set(options.allowHosts?.map((name) => name.toLowerCase()));
  const isAllowed = (host: string): boolean =>
    isLoopback(nameOf(host)) || allowed.has(host.toLowerCase()) || allowed.has(nameOf(host).toLowerCase());
  return createMiddleware<AppEnv>(async function refuseOtherSites(c, next) {
    const { method } = c.req;
    const host = c.req.header('host');
    if (method !== 'GET' && method !== 'HEAD') {
      const site = c.req.header('sec-fetch-site');
      // Another port of localhost is the same site, and another program.
      if (site === 'cross-site' || site === 'same-site')
        throw new AppError('forbidden', 'a page of another site may not send this request');
      const origin = c.req.header('origin');
      if (origin !== undefined && !ownHosts(c, options.trustProxy).some((own) => isOf(origin, own)))
        throw new AppError(
          'forbidden',
          `a page of ${JSON.stringify(origin.slice(0, 100))} may not send this request to ${JSON.stringify((host ?? '').slice(0, 100))}: a proxy in between must keep the Host, or send X-Forwarded-Host with server.trustProxy on`,
        );
    }
    if (options.allowHosts !== undefined && host !== undefined && !isProbe(c.req.path) && !isAllowed(host)) {
      throw new AppError(
        'forbidden',
        `the server asks for no API keys and answers to loopback names only, not to ${JSON.stringify(host.slice(0, 100))}: name it in server.allowHosts, set server.apiKeys to required, or to off behind a proxy that guards it`,
      );
    }
    return next();
  });
}

/** Names and ports by which a browser may have asked for this server. */
function ownHosts(c: Context<AppEnv>, trustProxy: boolean): string[] {
  const forwarded = trustProxy ? c.req.header('x-forwarded-host')?.split(',', 1) : undefined;
  return [c.req.header('host'), ...(forwarded ?? [])].flatMap((host) => host?.trim().toLowerCase() ?? []);
}

/** Whether an origin has that name and port; which scheme, only a proxy that adds TLS knows. */
function isOf(origin: string, host: string): boolean {
  if (origin.length > 300 || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return host === url.host || host === `${url.hostname}:${port}`;
}

function nameOf(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') && colon > 0 ? host.slice(0, colon) : host;
}
