/**
 * Where a probe asks. Probes run every few seconds beside what they watch, so these two settings are read
 * without what reads all of them (schema, YAML), which takes ten times as long; a configuration file alone is
 * worth a parser.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AppError, toError } from '../errors.ts';
import { isJsonObject } from '../json-object.ts';

export interface ProbeAddress {
  host: string;
  /** null: nobody listens. */
  port: number | null;
}

/** As config/default.yaml has them. */
const DEFAULTS = {
  server: { host: '127.0.0.1', port: 8080 },
  worker: { host: '127.0.0.1', port: null },
} as const;

/** `server.host` and `server.port`, or those of `worker`. @throws AppError `invalid-config` */
export async function readProbeAddress(
  section: keyof typeof DEFAULTS,
  options: { file?: string | undefined; env?: Readonly<Record<string, string | undefined>> } = {},
): Promise<ProbeAddress> {
  const { env = process.env } = options;
  const upper = section.toUpperCase();
  const file = options.file ?? (env['COPYLOOP_CONFIG'] || undefined);
  const inFile = file === undefined ? {} : await readSection(file, section);
  const plain = section === 'server' ? { host: env['HOST'], port: env['PORT'] } : {};
  const hostInFile = typeof inFile['host'] === 'string' ? inFile['host'] : DEFAULTS[section].host;
  const host = env[`COPYLOOP_${upper}__HOST`] || plain.host || hostInFile;
  const port = env[`COPYLOOP_${upper}__PORT`] || plain.port || (inFile['port'] ?? DEFAULTS[section].port);
  if (port === null || port === 'null') return { host, port: null };
  if (!Number.isInteger(Number(port)))
    throw new AppError('invalid-config', `${section}.port is ${JSON.stringify(port)}: a port is needed`);
  return { host, port: Number(port) };
}

async function readSection(file: string, section: string): Promise<Record<string, unknown>> {
  const { parse } = await import('yaml');
  let tree: unknown;
  try {
    tree = parse(readFileSync(path.resolve(file), 'utf8'));
  } catch (thrown) {
    // The first line alone: below it stands the line of the file, which may hold a secret.
    const [what = ''] = toError(thrown).message.split('\n');
    throw new AppError('invalid-config', `cannot read the configuration file ${file}: ${what}`);
  }
  const found = isJsonObject(tree) ? tree[section] : undefined;
  return isJsonObject(found) ? found : {};
}
