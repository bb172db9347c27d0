/** A span of each request, below that of the caller where it sends W3C's `traceparent`. */
import type { MiddlewareHandler } from 'hono';
import { inSpan, isTracing, SpanKind } from '../../core/trace.ts';
import { isProbe } from './probes.ts';
import { routePattern } from './request-log.ts';
import type { AppEnv } from './router.ts';

export function traceRequests(): MiddlewareHandler<AppEnv> {
  return async function traceRequests(c, next) {
    const { method, path } = c.req;
    if (!isTracing() || isProbe(path) || path === '/metrics') return next();
    const from = { traceparent: c.req.header('traceparent'), tracestate: c.req.header('tracestate') };
    const attributes = { 'http.request.method': method, 'url.path': path };
    await inSpan(method, { kind: SpanKind.SERVER, attributes, from }, async (span) => {
      await next();
      const route = routePattern(c);
      span?.updateName(`${method} ${route}`);
      span?.setAttributes({
        'http.route': route,
        'http.response.status_code': c.res.status,
        'copyloop.request_id': c.get('requestId'),
      });
      if (c.res.status >= 500) span?.setStatus({ code: 2 });
    });
  };
}
