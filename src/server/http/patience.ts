/** How long a caller waits: until it hangs up, or for as long as `X-Request-Timeout-Ms` says. */
import type { Context } from 'hono';
import { AppError } from '../../core/errors.ts';
import type { AppEnv } from './router.ts';

/** Aborted when the caller's connection closes before the answer was sent. */
export function createHangUpSignal(c: Context<AppEnv>): AbortSignal {
  const { outgoing } = c.env ?? {};
  if (outgoing === undefined) return c.req.raw.signal;
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort();
  });
  return controller.signal;
}

/**
 * Milliseconds that the caller of `X-Request-Timeout-Ms` waits, at most `maxMs`. @throws AppError
 * `invalid-input`
 */
export function parseTimeoutHeader(value: string | undefined, maxMs: number): number {
  if (value === undefined) return maxMs;
  const timeoutMs = Number(value);
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1) {
    throw new AppError(
      'invalid-input',
      `X-Request-Timeout-Ms must be a whole number of milliseconds from 1 on, not ${JSON.stringify(value.slice(0, 40))}`,
      {
        details: { field: 'X-Request-Timeout-Ms', limit: maxMs },
      },
    );
  }
  return Math.min(timeoutMs, maxMs);
}
