import { AppError, ERROR_CODES, errorTraits, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import { isJsonObject, type JsonObject } from '../core/json-object.ts';

/** A call that the server refused, or that no server answered. */
export class ApiError extends AppError {
  /** Of the HTTP answer; null where there was none. */
  readonly status: number | null;
  /** Under which the server's log has the request. */
  readonly requestId: string | null;

  constructor(
    code: ErrorCode,
    message: string,
    facts: { status: number | null; requestId: string | null; details?: ErrorDetails; cause?: unknown },
  ) {
    super(code, message, { cause: facts.cause, details: facts.details ?? {} });
    this.status = facts.status;
    this.requestId = facts.requestId;
  }
}

/** Reads both bodies that copyloop answers an error with: its own and MLflow's. */
export async function readApiError(response: Response, what: string): Promise<ApiError> {
  const text = await response.text();
  const body = parseObject(text);
  const error = body?.['error'];
  const ours = isJsonObject(error) ? error : undefined;
  const { code: _code, message: _message, request_id, ...details } = ours ?? {};
  const code = codeOf(ours?.['code'], body?.['error_code'], response.status);
  const message = [ours?.['message'], body?.['message']].find((given) => typeof given === 'string');
  return new ApiError(code, message ?? `${what} answered ${response.status}: ${text.slice(0, 200)}`, {
    status: response.status,
    requestId: typeof request_id === 'string' ? request_id : response.headers.get('x-request-id'),
    details: details as ErrorDetails,
  });
}

function codeOf(ours: unknown, mlflow: unknown, status: number): ErrorCode {
  const named = ERROR_CODES.find((code) => code === ours || errorTraits(code).mlflow === mlflow);
  if (named !== undefined) return named;
  // A proxy answered in the server's place.
  return (
    ERROR_CODES.find((code) => errorTraits(code).httpStatus === status) ??
    (status >= 500 ? 'unavailable' : 'invalid-input')
  );
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not JSON: a proxy's page; the caller shows its beginning.
    return undefined;
  }
}
