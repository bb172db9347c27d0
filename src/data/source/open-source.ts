/** From a configured file or address to rows: finds the bytes, their format, and the reader for it. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { assertNever, AppError, toError } from '../../core/errors.ts';
import { download, type HttpLimits } from './download.ts';
import { openBytes } from './open-bytes.ts';
import { readDelimited } from './read-delimited.ts';
import { readJsonLines, readJsonList } from './read-json.ts';
import { FORMATS, type SourceFormat, type SourceTable } from './source-row.ts';

/**
 * @param wanted columns that the user names, by which a table without header is recognised
 * @throws AppError `not-found`, `bad-data` or `invalid-input` when there is nothing to read
 */
export async function openFile(file: string, wanted: readonly string[]): Promise<SourceTable> {
  const format = formatOf(file);
  if (format === undefined) {
    throw new AppError(
      'invalid-input',
      `${file}: a source file ends in ${FORMATS.map((name) => `.${name}`).join(', ')}`,
    );
  }
  const info = await stat(file).catch((error: unknown) => {
    throw new AppError('not-found', `there is no file ${file} (${toError(error).message})`, { cause: error });
  });
  if (!info.isFile()) throw new AppError('invalid-input', `${file} is no file`);
  return await readFormat(format, createReadStream(file, { highWaterMark: 1 << 18 }), file, wanted);
}

/** @throws AppError as `download` does */
export async function openUrl(
  url: string,
  wanted: readonly string[],
  limits: HttpLimits,
): Promise<SourceTable> {
  const { body, contentType, name } = await download(url, limits);
  const opened = await openBytes(body, name);
  const format = formatOfType(contentType) ?? formatOf(new URL(url).pathname) ?? sniffFormat(opened.head);
  return await readOpened(format, opened, name, wanted);
}

/**
 * Bytes that somebody has sent.
 * @param format undefined: found by the name, otherwise by the first bytes
 */
export async function openStream(
  bytes: AsyncIterable<Uint8Array>,
  wanted: readonly string[],
  given: { name: string; format: SourceFormat | undefined },
): Promise<SourceTable> {
  const opened = await openBytes(bytes, given.name);
  const format = given.format ?? formatOf(given.name) ?? sniffFormat(opened.head);
  return await readOpened(format, opened, given.name, wanted);
}

async function readFormat(
  format: SourceFormat,
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  wanted: readonly string[],
): Promise<SourceTable> {
  return await readOpened(format, await openBytes(bytes, name), name, wanted);
}

async function readOpened(
  format: SourceFormat,
  opened: Awaited<ReturnType<typeof openBytes>>,
  name: string,
  wanted: readonly string[],
): Promise<SourceTable> {
  switch (format) {
    case 'csv':
    case 'tsv':
      return await readDelimited(opened, { format, name, wanted });
    case 'jsonl':
      return readJsonLines(opened, name);
    case 'json':
      return readJsonList(opened, name);
    default:
      return assertNever(format);
  }
}

function formatOf(name: string): SourceFormat | undefined {
  const extension = path.extname(name).slice(1).toLowerCase();
  if (extension === 'ndjson') return 'jsonl';
  return FORMATS.find((format) => format === extension);
}

/** The format that a media type names; undefined where it names none, as `text/plain`. */
export function formatOfType(contentType: string): SourceFormat | undefined {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  if (
    ['application/x-ndjson', 'application/jsonl', 'application/x-jsonlines', 'application/ndjson'].includes(
      type,
    )
  )
    return 'jsonl';
  if (type === 'text/csv') return 'csv';
  if (type === 'text/tab-separated-values') return 'tsv';
  return undefined;
}

/** For servers that say only `text/plain`: a list, an object with a list, objects one a line, or a table. */
function sniffFormat(head: Buffer): SourceFormat {
  const text = head.toString('utf8').trimStart();
  if (text.startsWith('[')) return 'json';
  if (!text.startsWith('{')) return 'csv';
  const line = text.split('\n')[0] ?? '';
  return /\}\s*$/.test(line) && !/"data"\s*:\s*\[/.test(line) ? 'jsonl' : 'json';
}
