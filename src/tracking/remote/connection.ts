/**
 * Requests to a remote MLflow server: JSON in and out, a timeout each, MLflow's error codes as ours. What may
 * be asked twice is asked again
 * when the server was out of reach or too busy; what may not (creating a run) only when it cannot have
 * arrived.
 */
import type { Config } from '../../core/config/index.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { callHttp, type HttpFailure } from '../../core/http-caller.ts';
import { stripEnd } from '../../core/strip-end.ts';
import { traceHeaders } from '../../core/trace.ts';

export type RemoteSettings = Omit<Config['tracking'], 'uri'> & { uri: string };

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface RemoteCall {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/2.0/mlflow/`. */
  path: string;
  query?: Query;
  body?: object;
  /** Asking twice must not differ from asking once. */
  isRepeatable: boolean;
}

export interface MlflowConnection {
  /** The address without credentials, for messages. */
  readonly address: string;
  call(call: RemoteCall): Promise<unknown>;
  /**
   * A file up, down or away: no limit in time but that of a silent connection (5 minutes). @param path below
   * `/api/2.0/mlflow-artifacts/`
   */
  transfer(request: {
    method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
    path: string;
    query?: Query;
    body?: Blob;
  }): Promise<Response>;
}

const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 10_000;
/** The connection was never made, so nothing of the request arrived. */
const NEVER_ARRIVED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** The server says itself that it did nothing. */
const NOT_DONE = new Set([429, 503]);
const PASSING = new Set([...NOT_DONE, 502, 504]);

const CODES: Readonly<Record<string, ErrorCode>> = {
  RESOURCE_DOES_NOT_EXIST: 'not-found',
  NOT_FOUND: 'not-found',
  RESOURCE_ALREADY_EXISTS: 'already-exists',
  ALREADY_EXISTS: 'already-exists',
  INVALID_PARAMETER_VALUE: 'invalid-input',
  BAD_REQUEST: 'invalid-input',
  RESOURCE_CONFLICT: 'conflict',
  INVALID_STATE: 'conflict',
  UNAUTHENTICATED: 'unauthenticated',
  CUSTOMER_UNAUTHORIZED: 'unauthenticated',
  PERMISSION_DENIED: 'forbidden',
  NOT_IMPLEMENTED: 'unsupported',
  ENDPOINT_NOT_FOUND: 'unsupported',
};

export function createMlflowConnection(settings: RemoteSettings): MlflowConnection {
  const url = new URL(settings.uri);
  const username = settings.username ?? decodeURIComponent(url.username);
  const password = settings.password ?? decodeURIComponent(url.password);
  url.username = '';
  url.password = '';
  const address = stripEnd(url.href, /\//);
  const credentials: Record<string, string> =
    settings.token !== null
      ? { authorization: `Bearer ${settings.token}` }
      : username !== ''
        ? { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
        : {};

  const send = async (request: {
    method: string;
    url: string;
    headers?: Record<string, string>;
    body?: string | Blob;
    timeoutMs?: number;
    isRepeatable: boolean;
  }): Promise<Response> => {
    return await callHttp({
      url: request.url,
      init: {
        method: request.method,
        headers: { ...traceHeaders(), ...credentials, ...request.headers },
        body: request.body ?? null,
        // Credentials must not follow a redirect to another host.
        redirect: 'error',
      },
      timeoutMs: request.timeoutMs,
      timed: 'body',
      retries: settings.retries,
      firstDelayMs: FIRST_DELAY_MS,
      maxDelayMs: MAX_DELAY_MS,
      canRetry: (failure) =>
        failure.kind === 'answered'
          ? (request.isRepeatable ? PASSING : NOT_DONE).has(failure.response.status)
          : request.isRepeatable || (failure.kind === 'unreachable' && NEVER_ARRIVED.has(failure.reason)),
      explain: async (failure) =>
        failure.kind === 'answered'
          ? await describeAnswer(failure.response, address)
          : describeFailure(failure, address, request.timeoutMs),
    });
  };

  return {
    address,
    call: async ({ method, path, query = {}, body, isRepeatable }) => {
      const response = await send({
        method,
        url: `${address}/api/2.0/mlflow/${path}${renderQuery(query)}`,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
        timeoutMs: settings.timeoutMs,
        isRepeatable,
      });
      try {
        return await response.json();
      } catch (cause) {
        throw new AppError(
          'unavailable',
          `${address} answered ${path} with no JSON: is it an MLflow server?`,
          {
            cause,
          },
        );
      }
    },
    transfer: async ({ method, path, query = {}, body }) =>
      await send({
        method,
        url: `${address}/api/2.0/mlflow-artifacts/${path}${renderQuery(query)}`,
        ...(body !== undefined && { headers: { 'content-type': 'application/octet-stream' }, body }),
        isRepeatable: true,
      }),
  };
}

async function describeAnswer(response: Response, address: string): Promise<AppError> {
  const text = await response.text().catch(() => '');
  const { error_code: name, message } = parseError(text);
  const said = message ?? (text.trim().slice(0, 300) || response.statusText);
  const details = { address, status: response.status };
  if (response.status === 401)
    return new AppError(
      'unauthenticated',
      `the MLflow server at ${address} asks for credentials: set tracking.token, or tracking.username and tracking.password`,
      { details },
    );
  const code = name === undefined ? undefined : CODES[name];
  if (code !== undefined) return new AppError(code, said, { details });
  if (response.status === 403)
    return new AppError('forbidden', `the MLflow server at ${address} refuses: ${said}`, { details });
  if (response.status === 404)
    return new AppError(
      'unsupported',
      `the server at ${address} does not know this request of MLflow's: is tracking.uri right, and is it MLflow 3?`,
      { details },
    );
  if (response.status === 429)
    return new AppError('too-busy', `the MLflow server at ${address} is too busy: ${said}`, { details });
  return new AppError(
    response.status >= 500 ? 'unavailable' : 'invalid-input',
    `the MLflow server at ${address} answered ${response.status}: ${said}`,
    { details },
  );
}

function parseError(text: string): { error_code?: string; message?: string } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    // A proxy's page, not MLflow's answer.
    return {};
  }
}

function describeFailure(
  failure: Exclude<HttpFailure, { kind: 'answered' }>,
  address: string,
  timeoutMs: number | undefined,
): AppError {
  const { cause } = failure;
  if (failure.kind === 'late')
    return new AppError(
      'timed-out',
      `the MLflow server at ${address} did not answer within ${timeoutMs} ms (tracking.timeoutMs)`,
      { cause, details: { address } },
    );
  return new AppError(
    'unavailable',
    `the MLflow server at ${address} (tracking.uri) is out of reach: ${failure.reason}; is it running?`,
    { cause, details: { address } },
  );
}

function renderQuery(query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? (value as readonly string[]) : [String(value)])
      params.append(name, one);
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}
