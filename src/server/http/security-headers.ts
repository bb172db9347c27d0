/** Headers that keep a browser from doing more with an answer than show it. */
import { secureHeaders } from 'hono/secure-headers';

/** Pages bring their own scripts and styles; nothing is loaded from elsewhere. */
const CONTENT_POLICY = {
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  // Bull Board styles its loading page inline.
  styleSrc: ["'self'", "'unsafe-inline'"],
  objectSrc: ["'none'"],
  baseUri: ["'self'"],
  frameAncestors: ["'none'"],
};

export function securityHeaders() {
  return secureHeaders({
    contentSecurityPolicy: CONTENT_POLICY,
    xFrameOptions: 'DENY',
    referrerPolicy: 'no-referrer',
    // The server speaks plain HTTP; the proxy that adds TLS decides on this.
    strictTransportSecurity: false,
  });
}
