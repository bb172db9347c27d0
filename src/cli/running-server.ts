/** Talks to a running copyloop server over HTTP. */
import { z } from 'zod';
import type { Config } from '../core/config/index.ts';
import { AppError, ERROR_CODES, toError, type ErrorCode } from '../core/errors.ts';
import type { OptionSpecs } from './command.ts';

export const SERVER_OPTIONS = {
  url: { type: 'string', value: 'URL', about: 'the server (default: server.host and server.port)' },
  'api-key': { type: 'string', value: 'KEY', about: 'API key, where the server asks for one' },
} as const satisfies OptionSpecs;

const TIMEOUT_MS = 30_000;
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export interface ServerAddress {
  url: string;
  apiKey?: string | undefined;
}

export function addressOf(
  config: Config,
  options: { url?: string | undefined; 'api-key'?: string | undefined },
): ServerAddress {
  const { host, port } = config.server;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return { url: options.url ?? `http://${reachable}:${port}`, apiKey: options['api-key'] };
}

/** @throws AppError with the server's own code and message, or `unavailable` when it does not answer */
export async function requestJson(address: ServerAddress, path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(path, address.url), {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(address.apiKey === undefined ? {} : { authorization: `Bearer ${address.apiKey}` }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    const reason = toError(toError(cause).cause ?? cause).message;
    throw new AppError(
      'unavailable',
      `no copyloop server answers at ${address.url} (${reason}): start one with "copyloop start", or name it with --url`,
      { cause },
    );
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  const refused = errorBody.safeParse(answer);
  const code: ErrorCode = ERROR_CODES.find((known) => known === refused.data?.error.code) ?? 'unavailable';
  throw new AppError(
    code,
    refused.data?.error.message ?? `${address.url}${path} answered ${response.status}`,
  );
}
