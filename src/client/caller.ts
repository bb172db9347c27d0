/**
 * One call over HTTP: address, key, deadline, and another try where that is safe. Uses `fetch` and nothing
 * else.
 */
import { sleep } from '../core/clock.ts';
import { toError } from '../core/errors.ts';
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
  const request = options.fetch ?? fetch;

  const tryOnce = async (method: Method, path: string, parts: CallParts): Promise<Response> => {
    const address = new URL(path.replace(/^\//, ''), url.endsWith('/') ? url : `${url}/`);
    for (const [name, value] of Object.entries(parts.query ?? {}))
      for (const one of [value ?? []].flat()) address.searchParams.append(name, String(one));
    const timeoutMs = parts.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
    const deadline = new AbortController();
    // Up to the head only: a large answer may stream for as long as it takes.
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    try {
      const init: RequestInit & { duplex: 'half' } = {
        method,
        headers: {
          ...(parts.json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
          ...parts.headers,
        },
        signal:
          parts.signal === undefined ? deadline.signal : AbortSignal.any([parts.signal, deadline.signal]),
        // Asked for where the body is a stream.
        duplex: 'half',
      };
      if (parts.json !== undefined) init.body = JSON.stringify(parts.json);
      else if (parts.body !== undefined) init.body = parts.body;
      return await request(address, init);
    } catch (cause) {
      parts.signal?.throwIfAborted();
      const none = { status: null, requestId: null, cause };
      if (deadline.signal.aborted)
        throw new ApiError(
          'timed-out',
          `${method} ${address.href} was not answered within ${timeoutMs} ms`,
          none,
        );
      const reason = toError(toError(cause).cause ?? cause).message;
      throw new ApiError(
        'unavailable',
        `no copyloop server answers at ${url} (${reason}): start one with "copyloop start", or give another url`,
        none,
      );
    } finally {
      clearTimeout(timer);
    }
  };

  const send = async (method: Method, path: string, parts: CallParts = {}): Promise<Response> => {
    const isRepeatable = (parts.isRepeatable ?? method !== 'POST') && !(parts.body instanceof ReadableStream);
    for (let attempt = 0; ; attempt += 1) {
      const isLast = !isRepeatable || attempt >= retries;
      let waitMs = backoffMs(attempt);
      try {
        const response = await tryOnce(method, path, parts);
        if (response.ok) return response;
        if (isLast || !BUSY_STATUSES.includes(response.status))
          throw await readApiError(response, `${method} ${path}`);
        waitMs = parseRetryAfter(response.headers.get('retry-after')) ?? waitMs;
        await response.body?.cancel();
      } catch (error) {
        const isLost = error instanceof ApiError && error.status === null && error.code === 'unavailable';
        if (isLast || !isLost) throw error;
      }
      await sleep(Math.min(waitMs, MAX_DELAY_MS), parts.signal);
    }
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

/** Doubles, and differs among clients that were refused at once. */
function backoffMs(attempt: number): number {
  return FIRST_DELAY_MS * 2 ** attempt * (0.5 + Math.random() / 2);
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
