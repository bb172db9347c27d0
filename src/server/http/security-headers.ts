/** Headers that keep a browser from doing more with an answer than show it. */
import { createMiddleware } from 'hono/factory';
import { setHeader } from './headers.ts';
import type { AppEnv } from './router.ts';

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
