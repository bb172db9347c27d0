/**
 * Calls over HTTP that are tried again where that is safe: one way to wait, to read Retry-After, to keep a
 * deadline and to name what went wrong. Uses `fetch` and nothing else, so that browsers may bundle it.
 */
import { sleep } from './clock.ts';
import { toError } from './errors.ts';

export interface RetryPolicy {
  /** Further tries after the first. */
  retries: number;
  /** Doubles with each try, with jitter, so that clients that were refused at once come back apart. */
  firstDelayMs: number;
  /** Of every wait, whatever the server asks for. */
  maxDelayMs: number;
  signal?: AbortSignal | undefined;
  /** Of 0 up to 1, for the jitter. */
  random?: (() => number) | undefined;
}

/** A try that failed. Anything else that is thrown ends the call at once. */
export class FailedTry extends Error {
  readonly canRetry: boolean;
  readonly retryAfterMs: number;
  /** What is thrown when there is no further try. */
  readonly explain: () => Error | Promise<Error>;
  /** Frees what nobody reads before the next try. */
  readonly discard: (() => Promise<void> | undefined) | undefined;

  constructor(
    explain: () => Error | Promise<Error>,
    canRetry: boolean,
    { retryAfterMs = 0, discard }: { retryAfterMs?: number; discard?: FailedTry['discard'] } = {},
  ) {
    super('a try of a call failed');
    this.explain = explain;
    this.canRetry = canRetry;
    this.retryAfterMs = retryAfterMs;
    this.discard = discard;
  }
}

/** @throws what the last `FailedTry` explains, the signal's reason, and what else an attempt throws */
export async function retry<T>(attempt: () => Promise<T>, policy: RetryPolicy): Promise<T> {
  const { retries, firstDelayMs, maxDelayMs, signal, random = Math.random } = policy;
  for (let made = 0; ; made += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!(thrown instanceof FailedTry)) throw thrown;
      if (!thrown.canRetry || made >= retries) throw await thrown.explain();
      await thrown.discard?.();
      const backoffMs = firstDelayMs * 2 ** made * (0.5 + random());
      await sleep(Math.min(Math.max(backoffMs, thrown.retryAfterMs), maxDelayMs), signal);
    }
  }
}

/** What became of a try that was not answered with 2xx. */
export type HttpFailure =
  | { kind: 'answered'; response: Response }
  | { kind: 'late'; cause: unknown }
  /** `reason` is the system's code (`ECONNREFUSED`), else its words. */
  | { kind: 'unreachable'; reason: string; cause: unknown };

export interface HttpCall extends RetryPolicy {
  url: string | URL;
  init: RequestInit;
  /** Of one try; none when left out. */
  timeoutMs?: number | undefined;
  /** The deadline ends with the head of the answer, or with its body: a large answer may stream for long. */
  timed?: 'head' | 'body';
  fetch?: typeof fetch | undefined;
  canRetry(failure: HttpFailure): boolean;
  explain(failure: HttpFailure): Error | Promise<Error>;
}

/**
 * The answer when it is 2xx; its body is the caller's to read.
 * @throws what `explain` gives, and the signal's reason
 */
export async function callHttp(call: HttpCall): Promise<Response> {
  const { signal, canRetry, explain } = call;
  const request = call.fetch ?? fetch;
  return await retry(async () => {
    const deadline = startDeadline(call);
    const signals = [deadline.signal, ...(signal === undefined ? [] : [signal])];
    let response: Response;
    try {
      response = await request(call.url, { ...call.init, signal: AbortSignal.any(signals) });
    } catch (cause) {
      const failure: HttpFailure = deadline.signal.aborted
        ? { kind: 'late', cause }
        : { kind: 'unreachable', reason: reasonOf(cause), cause };
      throw new FailedTry(() => explain(failure), canRetry(failure));
    } finally {
      deadline.answered();
    }
    if (response.ok) return response;
    const failure: HttpFailure = { kind: 'answered', response };
    throw new FailedTry(() => explain(failure), canRetry(failure), {
      retryAfterMs: parseRetryAfterMs(response.headers.get('retry-after')),
      discard: () => response.body?.cancel(),
    });
  }, call);
}

function startDeadline({ timeoutMs, timed = 'head' }: HttpCall): { signal: AbortSignal; answered(): void } {
  const controller = new AbortController();
  if (timeoutMs === undefined) return { signal: controller.signal, answered: () => undefined };
  if (timed === 'body') return { signal: AbortSignal.timeout(timeoutMs), answered: () => undefined };
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  return { signal: controller.signal, answered: () => clearTimeout(timer) };
}

/** Seconds, or a date (RFC 9110, 10.2.3); 0 for neither and for what is past. */
export function parseRetryAfterMs(value: string | null, nowMs = Date.now()): number {
  if (value === null || value.trim() === '') return 0;
  const seconds = Number(value);
  if (!Number.isNaN(seconds)) return seconds > 0 && Number.isFinite(seconds) ? seconds * 1000 : 0;
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}

/** `fetch` says only "fetch failed"; the reason is its cause. */
function reasonOf(thrown: unknown): string {
  const error = toError(thrown);
  if (!(error.cause instanceof Error)) return error.message;
  return (error.cause as Error & { code?: string }).code ?? error.cause.message;
}
