/** One call of a copyloop server: address, key, and another try where that is safe. */
import { callHttp } from '../core/http-caller.ts';
import { ApiError, readApiError } from './api-error.ts';

export interface ClientOptions {
  /** Where the server is: `http://127.0.0.1:8080`. */
  url: string;
  /** Needed where the server asks for keys. */
  apiKey?: string | undefined;
  /** Of one try, up to the head of its answer; 30 s when left out. A call's own `timeoutMs` goes before. */
  timeoutMs?: number | undefined;
  /** Further tries of a call that may be repeated, after 429, 503 or a lost connection; 3 when left out. */
  retries?: number | undefined;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

export interface CallParts extends CallOptions {
  /** A list is sent as its name repeated. */
  query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>> | undefined;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. A stream can be sent once, so such a call is tried once. */
  body?: Content | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Whether doing it twice is doing it once; true of GET, PUT and DELETE when left out. */
  isRepeatable?: boolean | undefined;
}

/** What `fetch` sends: text, bytes, a form, a stream. */
export type Content = NonNullable<RequestInit['body']>;

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Caller {
  /** The answer when it is 2xx; its body is the caller's to read. @throws ApiError */
  send(method: Method, path: string, parts?: CallParts): Promise<Response>;
  /** The answer's JSON. @throws ApiError */
  json<T>(method: Method, path: string, parts?: CallParts): Promise<T>;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 3;
const FIRST_DELAY_MS = 200;
const MAX_DELAY_MS = 30_000;
const BUSY_STATUSES = [429, 503];

/** @throws ApiError `invalid-input` when the url is no web address */
export function createCaller(options: ClientOptions): Caller {
  const { url, apiKey, retries = RETRIES } = options;
  refuseOtherThanWeb(url);

  const send = async (method: Method, path: string, parts: CallParts = {}): Promise<Response> => {
    const address = new URL(path.replace(/^\//, ''), url.endsWith('/') ? url : `${url}/`);
    for (const [name, value] of Object.entries(parts.query ?? {}))
      for (const one of [value ?? []].flat()) address.searchParams.append(name, String(one));
    const timeoutMs = parts.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
    const isRepeatable = (parts.isRepeatable ?? method !== 'POST') && !(parts.body instanceof ReadableStream);
    const init: RequestInit & { duplex: 'half' } = {
      method,
      headers: {
        ...(parts.json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...parts.headers,
      },
      // Asked for where the body is a stream.
      duplex: 'half',
    };
    if (parts.json !== undefined) init.body = JSON.stringify(parts.json);
    else if (parts.body !== undefined) init.body = parts.body;
    return await callHttp({
      url: address,
      init,
      timeoutMs,
      signal: parts.signal,
      fetch: options.fetch,
      retries,
      firstDelayMs: FIRST_DELAY_MS,
      maxDelayMs: MAX_DELAY_MS,
      canRetry: (failure) =>
        isRepeatable &&
        (failure.kind === 'answered'
          ? BUSY_STATUSES.includes(failure.response.status)
          : failure.kind === 'unreachable'),
      explain: async (failure) => {
        if (failure.kind === 'answered') return await readApiError(failure.response, `${method} ${path}`);
        const none = { status: null, requestId: null, cause: failure.cause };
        if (failure.kind === 'late')
          return new ApiError(
            'timed-out',
            `${method} ${address.href} was not answered within ${timeoutMs} ms`,
            none,
          );
        return new ApiError(
          'unavailable',
          `no copyloop server answers at ${url} (${failure.reason}): start one with "copyloop start", or give another url`,
          none,
        );
      },
    });
  };

  return {
    send,
    json: async <T>(method: Method, path: string, parts?: CallParts) =>
      (await (await send(method, path, parts)).json()) as T,
  };
}

function refuseOtherThanWeb(url: string): void {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return;
  const full = `http://${url}`;
  const example = !url.includes('://') && URL.canParse(full) ? full : 'http://127.0.0.1:8080';
  throw new ApiError(
    'invalid-input',
    `"${url}" is no address of a server: write it with http:// or https:// before host and port, as in ${example}`,
    { status: null, requestId: null },
  );
}
