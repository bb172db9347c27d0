/**
 * A workbook with our cells in one of its sheets. Every other file of it is copied as it is, and of the sheet
 * only the rows that get cells change.
 */
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { createXmlParser, findSheetFile, localName, placeOf } from '../format/xlsx.ts';
import type { Layout } from '../format/table.ts';
import type { ZipArchive } from '../format/zip.ts';
import { renderCell, type CopyColumn, type CreativeCursor } from './copy-columns.ts';
import { escapeText } from './write-xml.ts';

interface Cell {
  place: number;
  start: number;
  end: number;
  style: string | undefined;
  isEmpty: boolean;
}

interface Row {
  line: number;
  tag: string;
  start: number;
  end: number;
  contentEnd: number;
  isEmpty: boolean;
  cells: Cell[];
}

export async function* writeXlsx(
  archive: ZipArchive,
  file: { layout: Layout; columns: readonly string[]; name: string; sheet?: string | undefined },
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
): AsyncGenerator<Buffer> {
  const sheetFile = await findSheetFile(archive, file.name, file.sheet);
  const zip = new ZipFile();
  // Entries that were made at one time: the same job gives the same bytes.
  const mtime = new Date(1980, 0, 1);
  for (const name of archive.allNames) {
    const bytes = await archive.open(name);
    const written = name === sheetFile ? writeSheet(bytes, file, copy, cursor) : bytes;
    zip.addReadStream(Readable.from(written, { objectMode: false }), name, { mtime });
  }
  zip.end();
  yield* zip.outputStream as unknown as AsyncIterable<Buffer>;
}

async function* writeSheet(
  chunks: AsyncIterable<Buffer>,
  { layout, columns }: { layout: Layout; columns: readonly string[] },
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
): AsyncGenerator<Buffer> {
  let added = columns.length;
  const placed = copy.map((column) => {
    const stood = columns.indexOf(column.name);
    return { column, place: stood === -1 ? added++ : stood, isNew: stood === -1 };
  });
  const rows: Row[] = [];
  let row: Row | undefined;
  let cell: Cell | undefined;
  let line = 0;
  let text = '';
  let base = 0;
  let parsed = 0;
  const parser = createXmlParser({
    onopentag: (tag, attributes) => {
      parsed = parser.endIndex + 1;
      const local = localName(tag);
      if (local === 'row') {
        line = Number(attributes['r'] ?? line + 1);
        row = { line, tag, start: parser.startIndex, end: 0, contentEnd: 0, isEmpty: false, cells: [] };
      } else if (local === 'c' && row !== undefined) {
        const place = placeOf(attributes['r'] ?? '') ?? row.cells.length;
        cell = { place, start: parser.startIndex, end: 0, style: attributes['s'], isEmpty: true };
      }
    },
    ontext: (piece) => {
      if (cell !== undefined && piece.trim() !== '') cell.isEmpty = false;
    },
    onclosetag: (tag) => {
      const end = parser.endIndex + 1;
      const local = localName(tag);
      if (local === 'c' && cell !== undefined && row !== undefined) {
        row.cells.push({ ...cell, end });
        cell = undefined;
      } else if (local === 'row' && row !== undefined) {
        // `<row/>` is opened and closed by one tag.
        const isEmpty = row.cells.length === 0 && parsed === end;
        rows.push({ ...row, end, contentEnd: parser.startIndex, isEmpty });
        row = undefined;
      }
      parsed = end;
    },
  });
  const take = (end: number): string => {
    const taken = text.slice(0, Math.max(0, end - base));
    text = text.slice(taken.length);
    base += taken.length;
    return taken;
  };
  for await (const chunk of chunks) {
    const piece = chunk.toString('latin1');
    text += piece;
    parser.write(piece);
    for (const done of rows.splice(0)) {
      const creative = await cursor.take(done.line);
      const isHeader = done.line === layout.headerLine;
      if (done.isEmpty || (!isHeader && creative === undefined)) continue;
      const before = take(done.start);
      const cells = placed.flatMap(({ column, place, isNew }) => {
        if (isHeader) return isNew ? [{ place, keeps: false, content: textCell(column.name) }] : [];
        if (creative === undefined) return [];
        const value = column.read(creative);
        const content =
          typeof value === 'number' ? { type: 'n', xml: `<v>${value}</v>` } : textCell(renderCell(value));
        return [{ place, keeps: column.keeps, content }];
      });
      yield Buffer.from(before + spliceRow(take(done.end), done, cells), 'latin1');
    }
    yield Buffer.from(take(row === undefined ? parsed : row.start), 'latin1');
  }
  yield Buffer.from(text, 'latin1');
}

interface Content {
  type: string;
  xml: string;
}

function spliceRow(
  text: string,
  row: Row,
  cells: readonly { place: number; keeps: boolean; content: Content }[],
): string {
  const prefix = row.tag.includes(':') ? `${row.tag.slice(0, row.tag.indexOf(':'))}:` : '';
  const edits = cells.flatMap(({ place, keeps, content }) => {
    const stood = row.cells.find((cell) => cell.place === place);
    if (stood !== undefined && keeps && !stood.isEmpty) return [];
    const style = stood?.style === undefined ? '' : ` s="${stood.style}"`;
    const xml = content.xml.replaceAll(/<(\/?)/gu, `<$1${prefix}`);
    const element = `<${prefix}c r="${nameOf(place)}${row.line}"${style} t="${content.type}">${xml}</${prefix}c>`;
    if (stood !== undefined) return [{ start: stood.start, end: stood.end, text: element }];
    const after = row.cells.find((cell) => cell.place > place);
    const at = after?.start ?? row.contentEnd;
    return [{ start: at, end: at, text: element }];
  });
  let out = '';
  let at = row.start;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    out += text.slice(at - row.start, edit.start - row.start) + edit.text;
    at = edit.end;
  }
  return out + text.slice(at - row.start);
}

function textCell(text: string): Content {
  return { type: 'inlineStr', xml: `<is><t xml:space="preserve">${escapeText(text)}</t></is>` };
}

/** `AB` is the 28th column. */
function nameOf(place: number): string {
  let name = '';
  for (let left = place + 1; left > 0; left = Math.floor((left - 1) / 26))
    name = String.fromCharCode(65 + ((left - 1) % 26)) + name;
  return name;
}
