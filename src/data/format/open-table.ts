/**
 * From bytes to rows: what they are is told by their first bytes; name and type decide only where those do
 * not.
 */
import path from 'node:path';
import { AppError, assertNever } from '../../core/errors.ts';
import { readDelimited } from './delimited.ts';
import { readJsonLines, readJsonList } from './json.ts';
import { openBytes, type OpenedBytes } from './open-bytes.ts';
import { FORMATS, type SourceFormat, type SourceTable } from './table.ts';
import { readXlsx, WORKBOOK } from './xlsx.ts';
import { readXml } from './xml.ts';
import { openZip, type ZipArchive } from './zip.ts';

export interface TableOptions {
  /** For messages, and its extension for the format. */
  name: string;
  /** Columns that the user names, by which a table without header is recognised. */
  named: readonly string[];
  /** As a content type tells it. */
  format?: SourceFormat | undefined;
  /** By the user or a content type. */
  encoding?: string | undefined;
  /** Of a workbook. */
  sheet?: string | undefined;
}

/** @throws AppError `bad-data` for what cannot be read as rows */
export async function openTable(
  bytes: AsyncIterable<Uint8Array>,
  options: TableOptions,
): Promise<SourceTable> {
  const opened = await openBytes(bytes, options.name, options.encoding);
  switch (opened.kind) {
    case 'parquet':
      // Few files are of this kind, and all else would wait for what reads it to load.
      return await (await import('./parquet.ts')).readParquet(opened, options.name);
    case 'zip':
      return await openArchive(opened, options);
    case 'text':
      return readText(opened, options);
    default:
      return assertNever(opened.kind);
  }
}

async function openArchive(opened: OpenedBytes, options: TableOptions): Promise<SourceTable> {
  const archive = await openZip(opened.chunks, options.name);
  try {
    if (archive.names.includes(WORKBOOK)) return await readXlsx(archive, options);
    const { file, inner } = await openPacked(archive, options);
    const table = readText(inner, { ...options, name: file, format: undefined });
    return {
      ...table,
      read: async function* read(wanted) {
        try {
          yield* table.read(wanted);
        } finally {
          await archive.close();
        }
      },
    };
  } catch (thrown) {
    await archive.close();
    throw thrown;
  }
}

/** The one table that an archive holds. */
export async function openPacked(
  archive: ZipArchive,
  options: Pick<TableOptions, 'name' | 'encoding'>,
): Promise<{ file: string; inner: OpenedBytes }> {
  const tables = archive.names.filter((name) => formatOfName(name) !== undefined);
  const files = tables.length > 0 ? tables : archive.names.filter((name) => /\.txt$/iu.test(name));
  const [only] = files.length === 1 ? files : archive.names.length === 1 ? archive.names : [];
  if (only === undefined) {
    const held = archive.names
      .slice(0, 10)
      .map((name) => JSON.stringify(name))
      .join(', ');
    throw new AppError(
      'bad-data',
      `${options.name} must hold one table; it holds ${held === '' ? 'no file' : `${held}: take out the one that is meant`}`,
    );
  }
  const inner = await openBytes(await archive.open(only), `${options.name}/${only}`, options.encoding);
  if (inner.kind !== 'text')
    throw new AppError('bad-data', `${options.name}/${only} is packed once more: unpack it first`);
  return { file: only, inner: { ...inner, packing: 'zip' } };
}

function readText(opened: OpenedBytes, options: TableOptions): SourceTable {
  const { name, named } = options;
  const format = sniffFormat(name, opened.head, options.format ?? formatOfName(name));
  switch (format) {
    case 'csv':
    case 'tsv':
      return readDelimited(opened, { isTsv: format === 'tsv', name, named });
    case 'jsonl':
      return readJsonLines(opened, name);
    case 'json':
      return readJsonList(opened, name);
    case 'xml':
      return readXml(opened, name);
    case 'xlsx':
    case 'parquet':
      throw new AppError('bad-data', `${name} is no ${format}: its first bytes say otherwise`);
  }
}

/** A list, an object with a list, objects one a line, XML, or a table. */
function sniffFormat(name: string, head: Buffer, said: SourceFormat | undefined): SourceFormat {
  const text = head.toString('utf8', 0, Math.min(head.length, 1 << 16)).trimStart();
  if (/^<(?:!DOCTYPE\s+html|html)/iu.test(text))
    throw new AppError('bad-data', `${name} is an HTML page, not a table of records`);
  if (
    said === 'xml' ||
    /^<(?:\?xml|!DOCTYPE|!--|rss|feed|(?!p>|div|b>|span|ul>|h\d)[a-z]\w*[\s>])/iu.test(text)
  )
    return 'xml';
  if (text === '' || said === 'jsonl') return said ?? 'csv';
  if (said === 'csv' || said === 'tsv') return said;
  if (text.startsWith('[')) return said ?? 'json';
  if (!text.startsWith('{'))
    return said === undefined || said === 'xlsx' || said === 'parquet' ? 'csv' : said;
  if (said === 'json') return 'json';
  const line = text.slice(0, text.indexOf('\n') === -1 ? undefined : text.indexOf('\n'));
  return isWholeObject(line) ? 'jsonl' : 'json';
}

/** A first line that is an object by itself, and none that holds the list. */
function isWholeObject(line: string): boolean {
  if (!/\}\s*$/u.test(line.slice(-20))) return false;
  return !/^\s{0,20}\{[^[]{0,2000}"(?:data|products|items|records)"\s{0,9}:\s{0,9}\[/u.test(line);
}

export function formatOfName(name: string): SourceFormat | undefined {
  const plain = name.replace(/\.(?:gz|zst|zip)$/iu, '');
  const extension = path.extname(plain).slice(1).toLowerCase();
  if (extension === 'ndjson') return 'jsonl';
  if (extension === 'rss' || extension === 'atom') return 'xml';
  if (extension === 'tab') return 'tsv';
  return FORMATS.find((format) => format === extension);
}

/** The format that a media type names; undefined where it names none, as `text/plain`. */
export function formatOfType(contentType: string): SourceFormat | undefined {
  const type = (contentType.split(';')[0] ?? '').trim().toLowerCase();
  if (type.endsWith('+xml')) return 'xml';
  if (type.endsWith('+json')) return 'json';
  return TYPES[type];
}

/** The charset that a media type declares. */
export function charsetOfType(contentType: string): string | undefined {
  return /;\s{0,9}charset\s{0,9}=\s{0,9}"?([A-Za-z0-9._:-]{1,40})"?/iu.exec(contentType.slice(0, 500))?.[1];
}

/** The media type of a file that ends so, such as `csv` or `xml.gz`. */
export function typeOfExtension(extension: string): string {
  if (extension.endsWith('.gz')) return 'application/gzip';
  if (extension === 'csv') return 'text/csv; charset=utf-8';
  if (extension === 'jsonl') return 'application/x-ndjson';
  const last = Object.entries(TYPES).find(([, format]) => format === extension)?.[0];
  return last ?? 'application/octet-stream';
}

const TYPES: Readonly<Record<string, SourceFormat>> = {
  'application/json': 'json',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'application/x-jsonlines': 'jsonl',
  'application/ndjson': 'jsonl',
  'text/csv': 'csv',
  'application/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'application/xml': 'xml',
  'text/xml': 'xml',
  'application/vnd.apache.parquet': 'parquet',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};
