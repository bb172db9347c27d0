/**
 * Refuses addresses that hold NUL, in a path or a query: no id, name or filter has one, and PostgreSQL takes
 * none.
 */
import { createMiddleware } from 'hono/factory';
import { AppError } from '../../core/errors.ts';
import type { AppEnv } from './router.ts';

export function refuseNul() {
  return createMiddleware<AppEnv>(async function refuseNul(c, next) {
    // As text it is %2500.
    if (c.req.url.includes('%00'))
      throw new AppError(
        'invalid-input',
        // As MLflow begins it, whose clients read it too.
        `Invalid path or query: ${JSON.stringify(c.req.path.slice(0, 100))} is asked for with a NUL (%00), which no id, name or file has: leave it out`,
      );
    return next();
  });
}
