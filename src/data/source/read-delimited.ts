/** CSV and TSV, row by row. Fields stay bytes until each is decoded, so that a wrong encoding costs its row and not the file. */
import { Readable } from 'node:stream';
import { parse, type CsvError } from 'csv-parse';
import { AppError } from '../../core/errors.ts';
import type { OpenedBytes } from './open-bytes.ts';
import {
  decodeUtf8,
  MAX_ROW_BYTES,
  NOT_UTF8,
  showBytes,
  type SourceRow,
  type SourceTable,
} from './source-row.ts';
import { shorten, type Fault } from '../record.ts';

interface RawRow {
  record: Buffer[];
  info: { lines: number };
}

/** A row that the parser gave up; it tells only where the row ends. */
interface Skipped {
  endLine: number;
  fault: Fault;
}

export interface DelimitedOptions {
  format: 'csv' | 'tsv';
  /** For messages. */
  name: string;
  /** Columns that the user names; when all are numbers that the first row does not hold, the file has no header. */
  wanted: readonly string[];
}

/** @throws AppError `bad-data` for an empty file, and while reading for a row beyond 8 MiB */
export async function readDelimited(bytes: OpenedBytes, options: DelimitedOptions): Promise<SourceTable> {
  const { name, format } = options;
  const skipped: Skipped[] = [];
  const delimiter = format === 'tsv' ? '\t' : sniffDelimiter(bytes.head);
  const parser = parse({
    encoding: null,
    info: true,
    delimiter,
    quote: format === 'tsv' && !quotesFields(bytes.head) ? null : '"',
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_BYTES,
    skip_records_with_error: true,
    on_skip: (error) => {
      skipped.push(describeSkipped(error, name));
      return undefined;
    },
  });
  const input = Readable.from(bytes.chunks);
  input.on('error', (error) => parser.destroy(error));
  const iterator = (input.pipe(parser) as AsyncIterable<RawRow>)[Symbol.asyncIterator]();

  const first = await iterator.next();
  if (first.done === true) throw new AppError('bad-data', `${name} holds no rows`);
  const firstFields = first.value.record.map((field) => decodeUtf8(field) ?? showBytes(field));
  const headerless =
    options.wanted.length > 0 &&
    options.wanted.every((column) => /^[1-9]\d*$/.test(column)) &&
    !options.wanted.some((column) => firstFields.includes(column));
  const columns = headerless
    ? firstFields.map((_, i) => String(i + 1))
    : firstFields.map((column) => column.trim());
  if (!headerless) checkHeader(columns, name);

  async function* readRows(): AsyncGenerator<SourceRow> {
    // The parser runs ahead of us: what it skipped is handed on where it stood among the rows.
    let lastLine = first.done === true ? 0 : first.value.info.lines;
    try {
      if (headerless && first.done !== true) yield toRow(first.value, columns);
      for (;;) {
        const next = await iterator.next();
        const end = next.done === true ? Infinity : next.value.info.lines;
        while ((skipped[0]?.endLine ?? Infinity) < end) {
          const { fault } = skipped.shift() as Skipped;
          yield { line: lastLine + 1, fault };
        }
        if (next.done === true) return;
        lastLine = end;
        yield toRow(next.value, columns);
      }
    } finally {
      input.destroy();
      parser.destroy();
    }
  }
  return { columns, rows: readRows() };
}

function toRow({ record, info }: RawRow, columns: readonly string[]): SourceRow {
  const breaks = record.reduce((sum, field) => sum + countBreaks(field), 0);
  const line = info.lines - breaks;
  if (record.length !== columns.length) {
    const reason = `has ${record.length} fields where the first row has ${columns.length}`;
    return { line, fault: { field: 'row', value: shorten(record.map(showBytes).join(' | ')), reason } };
  }
  const values: Record<string, string> = {};
  for (const [i, column] of columns.entries()) {
    const field = record[i] ?? Buffer.alloc(0);
    const text = decodeUtf8(field);
    if (text === undefined) {
      return { line, fault: { field: column, value: shorten(showBytes(field)), reason: NOT_UTF8 } };
    }
    values[column] = text;
  }
  return { line, values };
}

function describeSkipped(error: CsvError | undefined, name: string): Skipped {
  const endLine = Number(error?.['lines'] ?? 0);
  if (error?.code === 'CSV_MAX_RECORD_SIZE') {
    throw new AppError(
      'bad-data',
      `${name}: the row that ends near line ${endLine} is larger than ${MAX_ROW_BYTES / 1024 / 1024} MiB; most likely a quote is opened and never closed`,
    );
  }
  const reason =
    error?.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'opens a quote that is never closed: the rest of the file counts as this row'
      : (error?.message ?? 'is no valid row');
  return { endLine, fault: { field: 'row', value: '', reason } };
}

function checkHeader(columns: readonly string[], name: string): void {
  const twice = columns.find((column, i) => column !== '' && columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new AppError('bad-data', `${name} has two columns named ${JSON.stringify(twice)}: rename one`);
  }
}

function firstLine(head: Buffer): string {
  const text = showBytes(head);
  const end = /\r|\n/.exec(text)?.index ?? text.length;
  return text.slice(0, end).replaceAll(/"[^"]*"/g, '');
}

/** Spreadsheets of half of Europe write CSV with semicolons. */
function sniffDelimiter(head: Buffer): string {
  const line = firstLine(head);
  const counts = [',', ';', '\t', '|'].map((char) => ({ char, count: line.split(char).length }));
  const best = counts.reduce((a, b) => (b.count > a.count ? b : a));
  return best.char;
}

/**
 * TSV has no quoting by its own definition (IANA text/tab-separated-values), yet many programs quote. Quotes mean something here when
 * every field that begins with one also ends with one.
 */
function quotesFields(head: Buffer): boolean {
  const lines = showBytes(head).split(/\r?\n/).slice(0, -1);
  const opened = lines.flatMap((line) => line.split('\t')).filter((field) => field.startsWith('"'));
  return opened.length > 0 && opened.every((field) => field.length > 1 && field.endsWith('"'));
}

function countBreaks(field: Buffer): number {
  let count = 0;
  for (let at = field.indexOf(10); at !== -1; at = field.indexOf(10, at + 1)) count += 1;
  return count;
}
