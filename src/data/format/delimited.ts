/**
 * CSV and TSV, row by row. Cells stay bytes until each is wanted, so that a wrong encoding costs its row and
 * not the file.
 */
import { AppError } from '../../core/errors.ts';
import { shorten, type Fault } from '../record.ts';
import { DELIMITERS, findDialect, isBlank } from './dialect.ts';
import type { OpenedBytes } from './open-bytes.ts';
import { splitRecords, type Delimiters, type RawRecord } from './split-records.ts';
import {
  decodeUtf8,
  MAX_COLUMNS,
  MAX_ROW_BYTES,
  NOT_UTF8,
  showBytes,
  type SourceRow,
  type SourceTable,
  type Wanted,
} from './table.ts';

export interface DelimitedOptions {
  isTsv: boolean;
  /** For messages. */
  name: string;
  /**
   * Columns that the user names; when all are numbers that the first row does not name, the file has no
   * header.
   */
  named: readonly string[];
}

/**
 * @throws AppError `bad-data` for an empty file or one of too many columns, and while reading for a row
 *   beyond 8 MiB
 */
export function readDelimited(bytes: OpenedBytes, { isTsv, name, named }: DelimitedOptions): SourceTable {
  const dialect = findDialect(bytes.head.toString('latin1'), bytes.isWhole, isTsv);
  const { first } = dialect;
  if (first === undefined) throw new AppError('bad-data', `${name} holds no rows`);
  if (first.fault !== undefined) throw new AppError('bad-data', `${name}: line ${first.line} ${first.fault}`);
  if (first.cells.length > MAX_COLUMNS) {
    throw new AppError(
      'bad-data',
      `${name}: line ${first.line} has ${first.cells.length} columns; at most ${MAX_COLUMNS} are read: leave out those that say nothing of a product`,
    );
  }
  const names = first.cells.map((cell) =>
    tidyName(decodeCell(cell) ?? showBytes(Buffer.from(cell, 'latin1'))),
  );
  const headerless = hasNoHeader(named, names, dialect.records);
  const columns = headerless ? names.map((_, i) => String(i + 1)) : names;

  async function* read(wanted: Wanted = {}): AsyncGenerator<SourceRow> {
    const toRow = createRowReader(columns, wanted);
    for await (const { records } of streamRecords(bytes.chunks, dialect, name)) {
      for (const record of records) {
        if (record.line < (first as RawRecord).line || isBlank(record)) continue;
        if (!headerless && record.line === (first as RawRecord).line) continue;
        yield toRow(record);
      }
    }
  }
  return {
    layout: {
      format: dialect.delimiter === '\t' ? 'tsv' : 'csv',
      encoding: bytes.encoding,
      delimiter: dialect.delimiter,
      quote: dialect.quote,
      headerLine: headerless ? null : first.line,
      ignoredLines: dialect.ignored,
      packing: bytes.packing,
      marks: dialect.marks,
    },
    columns,
    read,
  };
}

/**
 * Whether the columns that the user names are numbers of columns. A first row that holds them all names them
 * so, unless rows below hold the same in that place: then it is a label of 0 and 1, and no name.
 */
export function hasNoHeader(
  named: readonly string[],
  names: readonly string[],
  records: readonly RawRecord[],
): boolean {
  if (named.length === 0 || !named.every((column) => /^[1-9]\d{0,3}$/u.test(column))) return false;
  return named.some((column) => {
    const place = names.indexOf(column);
    return place === -1 || records.filter(({ cells }) => cells[place]?.trim() === column).length > 1;
  });
}

/**
 * Records in batches, one a chunk, with the text that they stand in, a character a byte: memory follows the
 * chunk and the longest record.
 */
export async function* streamRecords(
  chunks: AsyncIterable<Buffer>,
  dialect: Delimiters,
  name: string,
): AsyncGenerator<{ records: RawRecord[]; text: string }> {
  let pending = '';
  /**
   * A record that the text does not end is read again only when as much again is there, so that the whole
   * stays linear.
   */
  let waitFor = 0;
  let line = 1;
  for await (const chunk of chunks) {
    pending += chunk.toString('latin1');
    if (pending.length < waitFor) continue;
    const split = splitRecords(pending, dialect, { start: 0, line, isLast: false });
    const text = pending.slice(0, split.end);
    pending = pending.slice(split.end);
    line = split.line;
    waitFor = pending.length * 2;
    if (pending.length > MAX_ROW_BYTES) {
      const cells = pending.slice(0, 1 << 16).split(dialect.delimiter);
      const open = cells.findIndex((cell) => cell.startsWith('"') && !/."$/u.test(cell));
      throw new AppError(
        'bad-data',
        `${name}: the row that begins on line ${line} is larger than ${MAX_ROW_BYTES / 1024 / 1024} MiB in its column ${open === -1 ? cells.length : open + 1}; ${open === -1 ? 'shorten that cell, or leave its column out' : 'most likely a quote is opened there and never closed'}`,
      );
    }
    yield { records: split.records, text };
  }
  yield { records: splitRecords(pending, dialect, { start: 0, line, isLast: true }).records, text: pending };
}

/** A row of one cell that another delimiter would part as the header is parted. */
function tellOtherDelimiter(cells: readonly string[], wanted: number): string {
  if (cells.length !== 1 || wanted < 2) return '';
  const [text = ''] = cells;
  const other = DELIMITERS.find((mark) => text.split(mark).length === wanted);
  return other === undefined
    ? ''
    : `: it is parted by ${JSON.stringify(other)}, the header is not; write the file with one delimiter`;
}

/** What reports write beside their sums, beyond the last column. */
const TOTAL = /^\s{0,5}(?:grand )?total\s{0,5}$/iu;

export function createRowReader(
  columns: readonly string[],
  wanted: Wanted,
  decode: (cell: string) => string | undefined = decodeCell,
): (record: RawRecord) => SourceRow {
  const places = new Map<string, number>();
  for (const [i, column] of columns.entries()) if (!places.has(column)) places.set(column, i);
  const read = (wanted.columns ?? [...places.keys()]).flatMap((column) => {
    const place = places.get(column);
    return place === undefined ? [] : [{ column, place }];
  });
  const lastRequired = Math.max(-1, ...(wanted.required ?? []).map((column) => places.get(column) ?? -1));

  return ({ line, cells, fault }) => {
    if (fault !== undefined) return { line, fault: { field: 'row', value: showCells(cells), reason: fault } };
    const tooMany =
      cells.length > columns.length &&
      cells.slice(columns.length).some((cell) => cell.trim() !== '' && !TOTAL.test(cell));
    if (tooMany || cells.length <= lastRequired) {
      const reason = `has ${cells.length} fields where the first row has ${columns.length}${tellOtherDelimiter(cells, columns.length)}`;
      return { line, fault: { field: 'row', value: showCells(cells), reason } };
    }
    const values: Record<string, string> = {};
    for (const { column, place } of read) {
      const cell = cells[place];
      if (cell === undefined || cell === '') {
        values[column] = '';
        continue;
      }
      const text = decode(cell);
      if (text === undefined) return { line, fault: undecodable(column, cell) };
      values[column] = text;
    }
    return { line, values };
  };
}

function undecodable(field: string, cell: string): Fault {
  return { field, value: shorten(showBytes(Buffer.from(cell, 'latin1'))), reason: NOT_UTF8 };
}

function showCells(cells: readonly string[]): string {
  return shorten(cells.map((cell) => showBytes(Buffer.from(cell.slice(0, 200), 'latin1'))).join(' | '));
}

function decodeCell(cell: string): string | undefined {
  // eslint-disable-next-line no-control-regex
  return /^[\u0000-\u007f]*$/.test(cell) ? cell : decodeUtf8(Buffer.from(cell, 'latin1'));
}

/** A header may break its lines inside quotes. */
export function tidyName(name: string): string {
  return name.replaceAll(/\s+/gu, ' ').trim();
}
