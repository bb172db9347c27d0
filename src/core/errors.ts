/**
 * The one error class. A code from a closed set decides everything a caller needs to know:
 * the HTTP status, MLflow's error code, the exit code of the command and whether a retry can help.
 */
export const ERROR_CODES = [
  'invalid-input',
  'invalid-config',
  'unauthenticated',
  'forbidden',
  'not-found',
  'already-exists',
  'conflict',
  'payload-too-large',
  'wrong-media-type',
  'wrong-method',
  'too-busy',
  'not-ready',
  'timed-out',
  'cancelled',
  'bad-data',
  'bad-model',
  'diverged',
  'not-reproduced',
  'unsupported',
  'unavailable',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorTraits {
  httpStatus: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 499 | 500 | 501 | 503 | 504;
  /** Name used in MLflow's error body. */
  mlflow: string;
  /** Exit code of a `copyloop` command that ends with this error. */
  exitCode: number;
  /** Whether the same attempt may succeed later without anyone changing anything. */
  retryable: boolean;
}

const TRAITS: Record<ErrorCode, ErrorTraits> = {
  'invalid-input': { httpStatus: 400, mlflow: 'INVALID_PARAMETER_VALUE', exitCode: 2, retryable: false },
  'invalid-config': { httpStatus: 400, mlflow: 'INVALID_PARAMETER_VALUE', exitCode: 2, retryable: false },
  unauthenticated: { httpStatus: 401, mlflow: 'UNAUTHENTICATED', exitCode: 3, retryable: false },
  forbidden: { httpStatus: 403, mlflow: 'PERMISSION_DENIED', exitCode: 3, retryable: false },
  'not-found': { httpStatus: 404, mlflow: 'RESOURCE_DOES_NOT_EXIST', exitCode: 4, retryable: false },
  'already-exists': { httpStatus: 409, mlflow: 'RESOURCE_ALREADY_EXISTS', exitCode: 5, retryable: false },
  conflict: { httpStatus: 409, mlflow: 'RESOURCE_CONFLICT', exitCode: 5, retryable: false },
  'payload-too-large': { httpStatus: 413, mlflow: 'INVALID_PARAMETER_VALUE', exitCode: 2, retryable: false },
  'wrong-media-type': { httpStatus: 415, mlflow: 'INVALID_PARAMETER_VALUE', exitCode: 2, retryable: false },
  'wrong-method': { httpStatus: 405, mlflow: 'ENDPOINT_NOT_FOUND', exitCode: 2, retryable: false },
  'too-busy': { httpStatus: 429, mlflow: 'REQUEST_LIMIT_EXCEEDED', exitCode: 6, retryable: true },
  'not-ready': { httpStatus: 503, mlflow: 'TEMPORARILY_UNAVAILABLE', exitCode: 6, retryable: true },
  'timed-out': { httpStatus: 504, mlflow: 'DEADLINE_EXCEEDED', exitCode: 7, retryable: true },
  cancelled: { httpStatus: 499, mlflow: 'CANCELLED', exitCode: 130, retryable: false },
  'bad-data': { httpStatus: 422, mlflow: 'INVALID_PARAMETER_VALUE', exitCode: 8, retryable: false },
  'bad-model': { httpStatus: 422, mlflow: 'INVALID_STATE', exitCode: 9, retryable: false },
  diverged: { httpStatus: 422, mlflow: 'INVALID_STATE', exitCode: 10, retryable: false },
  'not-reproduced': { httpStatus: 422, mlflow: 'INVALID_STATE', exitCode: 11, retryable: false },
  unsupported: { httpStatus: 501, mlflow: 'NOT_IMPLEMENTED', exitCode: 2, retryable: false },
  unavailable: { httpStatus: 503, mlflow: 'TEMPORARILY_UNAVAILABLE', exitCode: 6, retryable: true },
  internal: { httpStatus: 500, mlflow: 'INTERNAL_ERROR', exitCode: 1, retryable: true },
};

/** Facts about the error for a machine: the field, the limit, the id of the active run. Never a secret. */
export type ErrorDetails = Record<string, string | number | boolean | null | string[]>;

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get traits(): ErrorTraits {
    return TRAITS[this.code];
  }
}

export function errorTraits(code: ErrorCode): ErrorTraits {
  return TRAITS[code];
}

/** What was thrown, as an Error, whatever was thrown. */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  return new Error(`something that is no Error was thrown: ${String(thrown)}`);
}

/**
 * What was thrown, as an AppError: itself when it is one, otherwise `internal` with the original as its
 * cause.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const error = toError(thrown);
  return new AppError('internal', error.message, { cause: error });
}

/** Closes an exhaustive switch: a new member of the set becomes a compile error here. */
export function assertNever(value: never): never {
  throw new AppError('internal', `a case is missing for ${JSON.stringify(value)}`);
}

/** Undefined in place of a `not-found`; every other error stays one. */
export async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'not-found') return undefined;
    throw thrown;
  }
}
