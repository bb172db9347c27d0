/** Imports little, since it runs every few seconds beside the server: see core/config/probe-address.ts. */
import { get } from 'node:http';
import { get as getSecurely } from 'node:https';
import { readProbeAddress } from '../../core/config/probe-address.ts';
import { AppError } from '../../core/errors.ts';
import { httpOrigin } from '../../core/http-origin.ts';
import { COMMON_OPTIONS, defineCommand, parseWhole } from '../command.ts';

const TIMEOUT_MS = 2500;
const MAX_ANSWER_BYTES = 64 * 1024;

export const healthCommand = defineCommand({
  name: 'health',
  more: 'Ends with 0 when it is, for the health check of a container. No key is needed.',
  usage: '[--ready [--deep] | --worker] [--url URL] [--timeout MS]',
  positionals: [],
  options: {
    ...COMMON_OPTIONS,
    url: { type: 'string', value: 'URL', about: 'whom to ask (default: server.host and server.port)' },
    // Taken for what it was: no key is asked for at /health and /ready.
    'api-key': { type: 'string', value: 'KEY', about: 'not needed' },
    ready: { type: 'boolean', about: 'whether it can predict, too' },
    deep: { type: 'boolean', about: 'with --ready: whether PostgreSQL answers, too' },
    worker: { type: 'boolean', about: 'a worker, at worker.host and worker.port' },
    timeout: { type: 'string', value: 'MS', about: `how long to wait (default: ${TIMEOUT_MS})` },
  },
  run: async ({ options, terminal }) => {
    const section = options.worker === true ? 'worker' : 'server';
    const timeoutMs = parseWhole('timeout', options.timeout, { min: 1, max: 600_000 }) ?? TIMEOUT_MS;
    const origin = options.url ?? originOf(await readProbeAddress(section, { file: options.config }));
    const deep = options.deep === true ? '?deep=1' : '';
    const place = options.ready === true ? `ready${deep}` : 'health';
    const { status, text } = await ask(
      new URL(place, origin.endsWith('/') ? origin : `${origin}/`),
      timeoutMs,
    );
    if (status !== 200) throw new AppError('unavailable', `${origin} answers ${status}: ${text.trim()}`);
    terminal.print(text.trim());
  },
});

/** Where it is reached from the same machine. */
function originOf({ host, port }: { host: string; port: number | null }): string {
  if (port === null)
    throw new AppError('invalid-config', 'worker.port is not set, so that no worker can be asked: set it');
  return httpOrigin(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host, port);
}

async function ask(url: URL, timeoutMs: number): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new AppError('unavailable', `nobody answers at ${url.href}: ${reason}`));
    const request = (url.protocol === 'https:' ? getSecurely : get)(url, { agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, MAX_ANSWER_BYTES);
      });
      answer.on('error', (error) => fail(error.message));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    request.on('error', (error) => fail(error.message));
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
  });
}
