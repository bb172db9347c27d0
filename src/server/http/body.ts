/**
 * Reads bodies that are text, in the charset that they declare, UTF-8 where they declare none: what is not in
 * it would be taken with a replacement mark for every byte that was lost. Hono and node-server decode without
 * a word, so the text is put where they look first.
 */
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { createMiddleware } from 'hono/factory';
import { AppError, toError } from '../../core/errors.ts';
import { checkJsonDepth } from '../../core/json-depth.ts';
import { decodeAs, decoderOf } from './charset.ts';
import type { AppEnv } from './router.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const BINARY = /^(?:application\/octet-stream|multipart\/)/i;

/** @param isBinary of requests that read their bytes themselves */
export function readUtf8Body(isBinary: (c: Context<AppEnv>) => boolean) {
  return createMiddleware<AppEnv>(async function readUtf8Body(c, next) {
    if (c.req.method === 'GET' || c.req.method === 'HEAD' || !hasBody(c)) return next();
    refuseEncodedBody(c);
    if (!isBinary(c) && !BINARY.test(c.req.header('content-type') ?? '')) await readUtf8Text(c);
    return next();
  });
}

/**
 * The body as text, also for whoever asks for it later. @throws AppError `invalid-input` when it is not in
 * its charset or nests too deep
 */
export async function readUtf8Text(c: Context<AppEnv>): Promise<string> {
  const bytes = await c.req.raw.arrayBuffer().catch((cause: unknown) => {
    throw new AppError('invalid-input', `the body could not be read: ${toError(cause).message}`, { cause });
  });
  const decoder = decoderOf(c.req.header('content-type')) ?? utf8;
  const text = decodeAs(decoder, () => decoder.decode(bytes));
  // Whatever it is sent as: text is read as JSON alone.
  checkJsonDepth(text, 'the body of the request');
  // Hono types the cache by what is in it once read; it holds the promise.
  c.req.bodyCache.text = Promise.resolve(text) as never;
  return text;
}

/** @throws AppError `wrong-media-type` */
export function refuseEncodedBody(c: Context<AppEnv>): void {
  const encoding = c.req.header('content-encoding');
  if (encoding === undefined || ['', 'identity'].includes(encoding.trim().toLowerCase())) return;
  throw new AppError(
    'wrong-media-type',
    `the Content-Encoding is ${JSON.stringify(encoding.slice(0, 60))}: send the body as it is, without one`,
    { details: { field: 'content-encoding' } },
  );
}

function hasBody(c: Context<AppEnv>): boolean {
  const length = c.req.header('content-length');
  return length === undefined ? c.req.header('transfer-encoding') !== undefined : length !== '0';
}

/** Refuses a body over the limit before it is read: by its Content-Length, or while it streams. */
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
