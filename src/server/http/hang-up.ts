/** A signal that is aborted when the caller's connection closes before the answer was sent. */
import type { Context } from 'hono';
import type { AppEnv } from './router.ts';

export function createHangUpSignal(c: Context<AppEnv>): AbortSignal {
  const { outgoing } = c.env ?? {};
  if (outgoing === undefined) return c.req.raw.signal;
  const controller = new AbortController();
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort();
  });
  return controller.signal;
}
