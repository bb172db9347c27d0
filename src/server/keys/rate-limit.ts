/**
 * How many requests a key may send in a minute, counted from its first one, by each server for itself. Told
 * in every answer by the headers RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10).
 */
import { createMiddleware } from 'hono/factory';
import { LRUCache } from 'lru-cache';
import { MINUTE_MS, SECOND_MS, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { isProbe, setHeader, type AppEnv } from '../http/index.ts';

const MAX_KEYS = 10_000;
const WINDOW_S = MINUTE_MS / SECOND_MS;

export interface Quota {
  limit: number;
  remaining: number;
  resetSeconds: number;
  isExceeded: boolean;
}

/** Counts one request of a key, and says what it has left. */
export function createQuotas(clock: Pick<Clock, 'nowMs'>): (keyId: string, limit: number) => Quota {
  const windows = new LRUCache<string, { startMs: number; used: number }>({ max: MAX_KEYS });
  return (keyId, limit) => {
    const nowMs = clock.nowMs();
    let window = windows.get(keyId);
    if (window === undefined || nowMs - window.startMs >= MINUTE_MS || nowMs < window.startMs) {
      window = { startMs: nowMs, used: 0 };
      windows.set(keyId, window);
    }
    const isExceeded = window.used >= limit;
    // What is refused does not count, so that waiting always helps.
    if (!isExceeded) window.used += 1;
    return {
      limit,
      remaining: Math.max(0, limit - window.used),
      resetSeconds: Math.max(1, Math.ceil((window.startMs + MINUTE_MS - nowMs) / SECOND_MS)),
      isExceeded,
    };
  };
}

/**
 * Stands behind `requireKey`.
 * @param usual requests a minute of keys that have no limit of their own; null: any number
 */
export function limitRate(usual: number | null, clock: Pick<Clock, 'nowMs'>) {
  const count = createQuotas(clock);
  return createMiddleware<AppEnv>(async function limitRate(c, next) {
    const key = c.get('apiKey');
    const limit = key?.requestsPerMinute ?? usual;
    if (key === undefined || limit === null || isProbe(c.req.path)) return next();
    const quota = count(key.id, limit);
    setHeader(c, 'RateLimit-Policy', `"key";q=${limit};w=${WINDOW_S}`);
    setHeader(c, 'RateLimit', `"key";r=${quota.remaining};t=${quota.resetSeconds}`);
    if (quota.isExceeded)
      throw new AppError(
        'too-busy',
        `key ${JSON.stringify(key.name)} may send ${limit} requests a minute: try again in ${quota.resetSeconds} seconds`,
        { details: { limit, retryAfterSeconds: quota.resetSeconds } },
      );
    return next();
  });
}
