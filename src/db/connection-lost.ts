import { AppError } from '../core/errors.ts';
import { codeOf } from './error-code.ts';

/** SQLSTATE classes and codes of a server that goes away or is not there yet; PostgreSQL documentation, appendix A. */
const LOST_SQLSTATES = /^(08...|57P0[1-3])$/;
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

/** Whether PostgreSQL was out of reach, so that the same statement may succeed in a moment. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AppError) return isConnectionLost(error.cause);
  const code = codeOf(error);
  return LOST_SQLSTATES.test(code) || LOST_SOCKET_CODES.includes(code) || LOST_MESSAGES.test(error.message);
}
