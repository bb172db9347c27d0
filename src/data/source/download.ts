/** Records over HTTP: streamed, within a time and a size. */
import { fetchWithin, type DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError, toError, type ErrorCode } from '../../core/errors.ts';
import { originAndPath } from '../../core/public-address.ts';
import { traceHeaders } from '../../core/trace.ts';

export interface HttpLimits {
  /** For the whole download. */
  timeoutMs: number;
  maxBytes: number;
  signal?: AbortSignal | undefined;
  /** undefined: any host may be reached. */
  destinations?: DestinationPolicy | undefined;
  /** The header of that name; fetch drops it where the answer leads to another host. */
  authorization?: string | undefined;
}

export interface Download {
  body: AsyncIterable<Uint8Array>;
  contentType: string;
  /** The address without credentials and query, for messages. */
  name: string;
}

/**
 * @throws AppError `unavailable` (no connection, 5xx, 429), `timed-out`, `payload-too-large`, `not-found`
 *   (404, 410), `forbidden` (401, 403) or `bad-data` (any other answer); reading the body throws the same
 */
export async function download(url: string, limits: HttpLimits): Promise<Download> {
  const address = new URL(url);
  const name = originAndPath(address);
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const signal = limits.signal === undefined ? timeout : AbortSignal.any([timeout, limits.signal]);
  const describe = (thrown: unknown): AppError => describeFailure(thrown, name, limits, timeout);

  const headers: Record<string, string> = {
    accept: 'application/json, application/x-ndjson, text/csv;q=0.9, */*;q=0.1',
    ...traceHeaders(),
    ...(limits.authorization !== undefined && { authorization: limits.authorization }),
  };
  if (address.username !== '') {
    const credentials = `${decodeURIComponent(address.username)}:${decodeURIComponent(address.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
    address.username = '';
    address.password = '';
  }
  const response = await fetchWithin(address, limits.destinations, { headers, signal }).catch(
    (thrown: unknown) => {
      throw describe(thrown);
    },
  );
  if (!response.ok) {
    await response.body?.cancel();
    throw new AppError(codeOf(response.status), `${name} answered ${response.status} ${response.statusText}`);
  }
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > limits.maxBytes) {
    await response.body?.cancel();
    throw tooLarge(name, limits);
  }

  async function* readBody(): AsyncGenerator<Uint8Array> {
    let sizeBytes = 0;
    try {
      for await (const chunk of response.body ?? []) {
        sizeBytes += chunk.byteLength;
        if (sizeBytes > limits.maxBytes) throw tooLarge(name, limits);
        yield chunk;
      }
    } catch (thrown) {
      throw describe(thrown);
    }
  }
  return { body: readBody(), contentType: response.headers.get('content-type') ?? '', name };
}

function codeOf(status: number): ErrorCode {
  if (status >= 500 || status === 429 || status === 408) return 'unavailable';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 401 || status === 403) return 'forbidden';
  return 'bad-data';
}

function tooLarge(name: string, limits: HttpLimits): AppError {
  return new AppError(
    'payload-too-large',
    `${name} answered more than ${limits.maxBytes} bytes (data.source.maxBytes)`,
    { details: { maxBytes: limits.maxBytes } },
  );
}

function describeFailure(thrown: unknown, name: string, limits: HttpLimits, timeout: AbortSignal): AppError {
  if (thrown instanceof AppError) return thrown;
  if (timeout.aborted) {
    return new AppError(
      'timed-out',
      `${name} was not read within ${limits.timeoutMs} ms (data.source.timeoutMs)`,
      { cause: thrown },
    );
  }
  if (limits.signal?.aborted === true) {
    return new AppError('cancelled', `reading ${name} was cancelled`, { cause: thrown });
  }
  const error = toError(thrown);
  const reason = error.cause === undefined ? error.message : toError(error.cause).message;
  return new AppError('unavailable', `${name} could not be read: ${reason}`, { cause: thrown });
}
