/** Gives each request its id, its logger, its line in the access log and its place in the metrics. */
import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import { createHexId } from '../../core/ids.ts';
import type { Logger } from '../../core/log.ts';
import { currentTraceId, isTracing } from '../../core/trace.ts';
import { setHeader } from './headers.ts';
import type { AppEnv } from './router.ts';

const REQUEST_ID = /^[\w.:-]{1,128}$/;

/** What is told of each request: the plumbing knows no more of the metrics. */
export interface RequestMetrics {
  readonly requestsInFlight: { inc(): void; dec(): void };
  request(labels: { method: string; route: string; status: number }, seconds: number): void;
}

export function requestLog(options: { log: Logger; metrics: RequestMetrics }) {
  const { log, metrics } = options;
  // Every field of a line is written here, so that none can hold a secret to look for.
  const accessLog = log.child({}, { redact: [] });
  return createMiddleware<AppEnv>(async function requestLog(c, next) {
    const startedMs = performance.now();
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : createHexId();
    c.set('requestId', requestId);
    c.set('log', log);
    setHeader(c, 'X-Request-Id', requestId);
    metrics.requestsInFlight.inc();
    await next();
    metrics.requestsInFlight.dec();
    const elapsedMs = performance.now() - startedMs;
    const { method, path } = c.req;
    const route = routePattern(c);
    metrics.request({ method, route, status: c.res.status }, elapsedMs / 1000);
    accessLog.info(
      {
        requestId,
        method,
        path,
        status: c.res.status,
        elapsedMs: Math.round(elapsedMs * 100) / 100,
        ...(isTracing() && { traceId: currentTraceId() }),
        ...(c.get('apiKey') && { apiKeyId: c.get('apiKey')?.id }),
      },
      'request',
    );
  });
}

/**
 * The pattern that answered, not the path: paths carry ids, and a label of its own for each would never stop
 * growing.
 */
export function routePattern(c: Parameters<typeof matchedRoutes>[0]): string {
  const routes = matchedRoutes(c);
  for (let at = routes.length - 1; at >= 0; at -= 1) {
    const route = routes[at];
    if (route !== undefined && route.method !== 'ALL') return route.path;
  }
  return 'unknown';
}
