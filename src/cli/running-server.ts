/** A client of the running copyloop server that the options name. */
import { createClient, type Client } from '../client/index.ts';
import type { Config } from '../core/config/index.ts';
import { httpOrigin } from '../core/http-origin.ts';
import type { OptionSpecs } from './command.ts';

export const SERVER_OPTIONS = {
  url: { type: 'string', value: 'URL', about: 'the server (default: server.host and server.port)' },
  'api-key': { type: 'string', value: 'KEY', about: 'API key, where the server asks for one' },
} as const satisfies OptionSpecs;

/** Where the server of this configuration is reached from the same machine. */
export function urlOf({ host, port }: Config['server']): string {
  return httpOrigin(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port);
}

/** Who waits at a terminal learns at once that a server is busy, so nothing is tried again. */
export function clientOf(
  config: Config,
  options: { url?: string | undefined; 'api-key'?: string | undefined },
): Client {
  const url = options.url ?? urlOf(config.server);
  return createClient({ url, apiKey: options['api-key'], retries: 0 });
}
