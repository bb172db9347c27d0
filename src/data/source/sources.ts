/**
 * Where records come from: a row a kind, which says how it is opened and how it is called in messages. Its
 * keys are in the configuration.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { MAPPABLE_FIELDS, type Config, type SourceKind } from '../../core/config/index.ts';
import type { DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError, toError } from '../../core/errors.ts';
import { originAndPath } from '../../core/public-address.ts';
import { charsetOfType, formatOfName, formatOfType, openTable } from '../format/open-table.ts';
import type { SourceRow, SourceTable } from '../format/table.ts';
import { generateRecords } from '../synthetic/generate-records.ts';
import { shorten } from '../record.ts';
import { download } from './download.ts';
import { queryPostgres } from './query-postgres.ts';

export type SourceOptions = Config['data']['source'];

export interface OpenContext {
  /** Columns that the user names, by which a table without header is recognised. */
  named: readonly string[];
  signal?: AbortSignal | undefined;
  /** What holds for an address that an outsider named; undefined when the operator did. */
  destinations?: DestinationPolicy | undefined;
  /** Opens an object of a bucket. */
  getObject?: ((address: string) => Promise<AsyncIterable<Uint8Array>>) | undefined;
}

export interface DataSource {
  /**
   * @throws AppError `not-found`, `bad-data` or `invalid-input` when there is nothing to read, and as
   *   `download` does
   */
  open(source: SourceOptions, context: OpenContext): Promise<SourceTable>;
  /** For messages and the manifest: nothing that is secret. */
  describe(source: SourceOptions): string;
}

export const DATA_SOURCES: Readonly<Record<SourceKind, DataSource>> = {
  synthetic: {
    open: ({ count, seed }) => Promise.resolve(drawTable(count, seed)),
    describe: ({ count, seed }) => `synthetic (count ${count}, seed ${seed})`,
  },
  file: { open: openFile, describe: ({ path }) => path ?? '' },
  http: { open: openUrl, describe: ({ url }) => originAndPath(new URL(required(url, 'url'))) },
  s3: { open: openObject, describe: ({ uri }) => uri ?? '' },
  postgres: {
    open: (source, { signal }) => Promise.resolve(queryPostgres(source, signal)),
    describe: ({ query }) => `PostgreSQL: ${shorten(query ?? '')}`,
  },
};

async function openFile(
  { path, encoding, sheet }: SourceOptions,
  { named }: OpenContext,
): Promise<SourceTable> {
  const file = required(path, 'path');
  const info = await stat(file).catch((error: unknown) => {
    throw new AppError('not-found', `there is no file ${file} (${toError(error).message})`, { cause: error });
  });
  if (!info.isFile()) throw new AppError('invalid-input', `${file} is not a file`);
  const bytes = createReadStream(file, { highWaterMark: 1 << 18 });
  return await openTable(bytes, { name: file, named, ...given(encoding, sheet) });
}

async function openUrl(source: SourceOptions, context: OpenContext): Promise<SourceTable> {
  const { credentialsFile } = source;
  const authorization = credentialsFile ? await readAuthorization(credentialsFile) : undefined;
  return await openAddress(required(source.url, 'url'), { ...source, ...context, authorization });
}

/** Read when it is needed, so that settings and runs hold the name of the file alone. */
async function readAuthorization(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AppError(
      'not-found',
      `data.source.credentialsFile cannot be read (${toError(cause).message}): it holds user:password, a token, or an Authorization header`,
      { cause },
    );
  });
  const said = text.trim().replace(/^authorization:\s{0,9}/iu, '');
  if (said === '' || /[\r\n]/u.test(said))
    throw new AppError(
      'invalid-config',
      `${file} must hold one line: user:password, a token, or an Authorization header`,
    );
  // A scheme has no colon, a password may have blanks.
  const isHeader = /^[\w-]+ /u.test(said);
  if (!isHeader && said.includes(':')) return `Basic ${Buffer.from(said).toString('base64')}`;
  // Else the refusal of the header would quote the secret.
  if (/[^\x20-\x7e]/u.test(said))
    throw new AppError('invalid-config', `${file} must hold ASCII: a token, or an Authorization header`);
  return isHeader ? said : `Bearer ${said}`;
}

async function openObject(
  { uri, encoding, sheet }: SourceOptions,
  context: OpenContext,
): Promise<SourceTable> {
  const address = required(uri ?? null, 'uri');
  if (context.getObject === undefined)
    throw new AppError(
      'invalid-input',
      `${address} can be read by runs and by copyloop inspect alone: fetch the file first`,
    );
  const bytes = await context.getObject(address);
  return await openTable(bytes, { name: address, named: context.named, ...given(encoding, sheet) });
}

/** @throws AppError as `download` does, and `bad-data` for what cannot be read as rows */
export async function openAddress(
  url: string,
  options: OpenContext &
    Pick<SourceOptions, 'timeoutMs' | 'maxBytes'> &
    Partial<Pick<SourceOptions, 'encoding' | 'sheet'>> & { authorization?: string | undefined },
): Promise<SourceTable> {
  const { named, encoding = null, sheet = null, ...limits } = options;
  const { body, contentType, name } = await download(url, limits);
  const format = formatOfType(contentType) ?? formatOfName(new URL(url).pathname);
  return await openTable(body, {
    name,
    named,
    format,
    ...given(encoding ?? charsetOfType(contentType), sheet),
  });
}

function given(encoding: string | null | undefined, sheet: string | null | undefined) {
  return { encoding: encoding ?? undefined, sheet: sheet ?? undefined };
}

const ROWS_BETWEEN_PAUSES = 1000;

function drawTable(count: number, seed: number): SourceTable {
  async function* read(): AsyncGenerator<SourceRow> {
    let line = 0;
    for (const record of generateRecords({ count, seed })) {
      line += 1;
      // The generator never waits by itself: without this the timers of the process would starve.
      if (line % ROWS_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
      yield { line, values: { ...record } };
    }
  }
  const layout = {
    encoding: 'utf-8',
    delimiter: null,
    quote: null,
    headerLine: null,
    ignoredLines: [],
    marks: [],
  };
  return { layout: { ...layout, format: 'records' }, columns: MAPPABLE_FIELDS, read };
}

function required(value: string | null, key: string): string {
  if (value === null)
    throw new AppError('invalid-config', `data.source.${key} must be set for this kind of source`);
  return value;
}
