import { AppError, toError } from '../core/errors.ts';
import { codeOf } from './error-code.ts';

/**
 * SQLSTATE classes and codes of a server that goes away, is not there yet or has no room; PostgreSQL
 * documentation, appendix A.
 */
const LOST_SQLSTATES = /^(08...|57P0[1-3]|53[123]00)$/;
const LOST_SOCKET_CODES: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
];
/** pg gives these errors no code. */
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/**
 * What failed, as an error that says so where PostgreSQL was out of reach: for callers who are told to try
 * again.
 */
export function explainConnectionLost(error: unknown): unknown {
  if (error instanceof AppError || !isConnectionLost(error)) return error;
  return new AppError(
    'unavailable',
    `PostgreSQL does not serve at the moment (${toError(error).message}): try again`,
    {
      cause: error,
    },
  );
}

/** Whether PostgreSQL was out of reach, so that the same statement may succeed in a moment. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AppError) return isConnectionLost(error.cause);
  const code = codeOf(error);
  // The Unix socket of a server that has stopped is not there.
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true;
  return LOST_SQLSTATES.test(code) || LOST_SOCKET_CODES.includes(code) || LOST_MESSAGES.test(error.message);
}
