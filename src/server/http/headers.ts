/** Headers of answers, among them those that keep a browser from doing more with an answer than show it. */
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from './router.ts';

/**
 * Sets a header of the answer. On the socket's own answer where there is one: a header on Hono's context
 * makes it build a `Headers` object for each request, which costs more than everything else that a request
 * passes on its way to a route.
 */
export function setHeader(c: Context<AppEnv>, name: string, value: string): void {
  const { outgoing } = c.env ?? {};
  if (outgoing === undefined) c.header(name, value);
  else if (!outgoing.headersSent) outgoing.setHeader(name, value);
}

/**
 * Pages bring their own scripts and styles; nothing is loaded from elsewhere. Bull Board styles its loading
 * page inline.
 */
const CONTENT_POLICY =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** No Strict-Transport-Security: the server speaks plain HTTP, and the proxy that adds TLS decides on it. */
const HEADERS = {
  'Content-Security-Policy': CONTENT_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
} as const;
const ENTRIES = Object.entries(HEADERS);

export function securityHeaders() {
  return createMiddleware<AppEnv>(async function securityHeaders(c, next) {
    for (const [name, value] of ENTRIES) setHeader(c, name, value);
    return next();
  });
}
