import { AppError } from '../../core/errors.ts';

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
