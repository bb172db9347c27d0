/** Refuses a body over the limit before it is read: by its Content-Length, or while it streams. */
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../core/errors.ts';
import type { AppEnv } from './router.ts';

export function limitBody(maxBytes: number) {
  const refuse = (): never => {
    throw new AppError('payload-too-large', `the body is larger than ${maxBytes} bytes`, {
      details: { field: 'body', limit: maxBytes },
    });
  };
  const limitStream = bodyLimit({ maxSize: maxBytes, onError: refuse });
  return createMiddleware<AppEnv>(async function limitBody(c, next) {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    const length = c.req.header('content-length');
    // Reading `raw.body` costs node-server its fast path; a declared length needs no look at the stream.
    if (length === undefined || c.req.header('transfer-encoding') !== undefined) return limitStream(c, next);
    if (Number(length) > maxBytes) refuse();
    return next();
  });
}
