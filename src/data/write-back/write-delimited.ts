/**
 * CSV and TSV with our cells in them: every other byte stands as it stood, quotes, line ends and lines before
 * the header included.
 */
import { isBlank } from '../format/dialect.ts';
import { streamRecords } from '../format/delimited.ts';
import { findCells, type Delimiters } from '../format/split-records.ts';
import type { Layout } from '../format/table.ts';
import { renderCell, type CopyColumn, type CreativeCursor } from './copy-columns.ts';

export interface DelimitedFile {
  chunks: AsyncIterable<Buffer>;
  layout: Layout;
  /** As the header has them; numbers where there is none. */
  columns: readonly string[];
  /** For messages. */
  name: string;
}

export async function* writeDelimited(
  { chunks, layout, columns, name }: DelimitedFile,
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
): AsyncGenerator<Buffer> {
  const dialect: Delimiters = { delimiter: layout.delimiter ?? ',', quote: layout.quote };
  const splice = createRowSplicer(dialect, columns, copy);
  const passedOver = new Set(layout.ignoredLines.map(({ line }) => line));
  const firstLine = layout.headerLine ?? 0;
  for await (const { records, text } of streamRecords(chunks, dialect, name)) {
    let written = 0;
    let out = '';
    for (const record of records) {
      const { line, fault, start = 0, end = start } = record;
      if (line < firstLine || passedOver.has(line) || fault !== undefined || isBlank(record)) continue;
      const row = text.slice(start, end);
      let spliced: string;
      if (line === layout.headerLine) spliced = splice.header(row);
      else {
        const creative = await cursor.take(line);
        spliced = splice.row(
          row,
          creative === undefined ? undefined : copy.map((column) => renderCell(column.read(creative))),
        );
      }
      out += text.slice(written, start) + spliced;
      written = end;
    }
    yield Buffer.from(out + text.slice(written), 'latin1');
  }
}

function createRowSplicer(dialect: Delimiters, columns: readonly string[], copy: readonly CopyColumn[]) {
  const { delimiter, quote } = dialect;
  const placed = copy.map((column, i) => ({ ...column, i, place: columns.indexOf(column.name) }));
  const filled = placed.filter(({ place }) => place !== -1);
  const added = placed.filter(({ place }) => place === -1);
  let quotesAll = false;

  const render = (text: string): string => {
    const special = text.includes(delimiter) || /[\r\n]|^\s|\s$/u.test(text);
    if (quote === null) return toBytes(special ? text.replaceAll(/[\t\r\n]+/gu, ' ').trim() : text);
    if (!special && !text.includes(quote) && (!quotesAll || text === '')) return toBytes(text);
    return toBytes(`${quote}${text.replaceAll(quote, quote + quote)}${quote}`);
  };
  /** After the cell that belongs to the last column; cells beyond it, which are empty, stay behind ours. */
  const append = (row: string, cells: readonly { end: number }[], texts: readonly string[]): string => {
    const missing = columns.length - cells.length;
    const at = missing >= 0 ? row.length : (cells[columns.length - 1]?.end ?? row.length);
    const more = delimiter.repeat(Math.max(0, missing)) + texts.map((text) => delimiter + text).join('');
    return row.slice(0, at) + more + row.slice(at);
  };

  return {
    header: (row: string): string => {
      const cells = findCells(row, dialect);
      quotesAll = quote !== null && cells.every(({ start }) => row[start] === quote);
      if (added.length === 0) return row;
      return append(
        row,
        cells,
        added.map(({ name }) => render(name)),
      );
    },
    /** @param texts of `copy`; undefined for a row that is no product of its own, or was refused */
    row: (row: string, texts: readonly string[] | undefined): string => {
      const cells = findCells(row, dialect);
      if (texts === undefined) {
        const isWhole =
          cells.length >= columns.length &&
          cells.slice(columns.length).every(({ start, end }) => row.slice(start, end).trim() === '');
        return isWhole && added.length > 0
          ? append(
              row,
              cells,
              added.map(() => ''),
            )
          : row;
      }
      let out = row;
      const atEnd = added.map(({ i }) => render(texts[i] ?? ''));
      if (atEnd.length > 0) out = append(out, cells, atEnd);
      // From the last on, so that the places of those before stay as they are.
      for (const { place, keeps, i } of filled.toSorted((a, b) => b.place - a.place)) {
        const text = render(texts[i] ?? '');
        const cell = cells[place];
        if (cell !== undefined) {
          const stood = row.slice(cell.start, cell.end);
          if (keeps && stood.replaceAll(/["\s]/gu, '') !== '') continue;
          out = out.slice(0, cell.start) + text + out.slice(cell.end);
        } else if (atEnd.length === 0) {
          // A row whose last cells are left out.
          out = fillMissing(out, place, text);
        } else out = replaceCell(out, place, text);
      }
      return out;
    },
  };

  function replaceCell(row: string, place: number, text: string): string {
    const cell = findCells(row, dialect)[place];
    return cell === undefined ? row : row.slice(0, cell.start) + text + row.slice(cell.end);
  }

  function fillMissing(row: string, place: number, text: string): string {
    const missing = place - findCells(row, dialect).length + 1;
    return missing <= 0 ? replaceCell(row, place, text) : row + delimiter.repeat(missing) + text;
  }
}

/** Of a character a byte, as the rows are kept. */
function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
