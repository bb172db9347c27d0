/**
 * A table as bytes, in the format that somebody wants to open it with; streamed, so that memory does not grow
 * with its rows.
 */
import { stringify } from 'csv-stringify/sync';
import { assertNever } from '../../core/errors.ts';
import { renderParquet } from './render-parquet.ts';
import { inGroups, type TableColumn, type TableRow } from './rows.ts';

export const TABLE_FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Media types of the formats. */
export const TABLE_TYPES: Readonly<Record<TableFormat, string>> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

const ROWS_AT_ONCE = 500;

/**
 * `jsonl` holds a row a line with lists as lists; `csv` has a header, lists as JSON, and an apostrophe before
 * a text that a spreadsheet would take for a formula; `parquet` has typed columns, lists as LIST. A cell that
 * a row does not have is null.
 */
export function renderTable(
  format: TableFormat,
  columns: readonly TableColumn[],
  rows: AsyncIterable<TableRow>,
): AsyncIterable<Uint8Array> {
  switch (format) {
    case 'csv':
      return renderCsv(columns, rows);
    case 'jsonl':
      return renderJsonl(columns, rows);
    case 'parquet':
      return renderParquet(columns, rows);
    default:
      return assertNever(format);
  }
}

/** Without it spreadsheets take the file for one of their own country's encoding. */
const UTF8_MARK = '\ufeff';

async function* renderCsv(
  columns: readonly TableColumn[],
  rows: AsyncIterable<TableRow>,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${UTF8_MARK}${stringify([columns.map(({ name }) => name)])}`);
  for await (const group of inGroups(rows, ROWS_AT_ONCE)) {
    const cells = group.map((row) =>
      columns.map(({ name }) => {
        const cell = row[name] ?? null;
        if (typeof cell === 'string') return guardFormula(cell);
        return typeof cell === 'object' && cell !== null ? JSON.stringify(cell) : cell;
      }),
    );
    yield Buffer.from(stringify(cells));
  }
}

/**
 * CSV injection (https://owasp.org/www-community/attacks/CSV_Injection). Full-width signs are formulas to
 * spreadsheets set to Japanese.
 */
const FORMULA = /^[=+\-@\uff1d\uff0b\uff0d\uff20\t\r\n]/u;

/** Titles and texts come from strangers' feeds, and whoever opens the file trusts it. */
function guardFormula(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

async function* renderJsonl(
  columns: readonly TableColumn[],
  rows: AsyncIterable<TableRow>,
): AsyncGenerator<Uint8Array> {
  for await (const group of inGroups(rows, ROWS_AT_ONCE)) {
    const lines = group.map((row) =>
      JSON.stringify(Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))),
    );
    yield Buffer.from(`${lines.join('\n')}\n`);
  }
}
