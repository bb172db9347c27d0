/**
 * A sheet of an .xlsx workbook, row by row. Texts that cells share are kept in memory, as the format wants
 * it.
 */
import { Parser, type Handler } from 'htmlparser2';
import { AppError } from '../../core/errors.ts';
import { countKnownNames } from '../platform/recognise.ts';
import { createRowReader, hasNoHeader, tidyName } from './delimited.ts';
import { findHeader, isBlank } from './dialect.ts';
import type { RawRecord } from './split-records.ts';
import { MAX_COLUMNS, type SourceRow, type SourceTable, type Wanted } from './table.ts';
import type { ZipArchive } from './zip.ts';

const MAX_SHARED_CHARS = 256 << 20;
const HEAD_ROWS = 60;

export const WORKBOOK = 'xl/workbook.xml';

/**
 * @param sheet undefined: the first one. @throws AppError `bad-data` for a sheet that is not there or holds
 *   nothing
 */
export async function readXlsx(
  archive: ZipArchive,
  { name, sheet, named }: { name: string; sheet?: string | undefined; named: readonly string[] },
): Promise<SourceTable> {
  const workbook = await readWorkbook(archive);
  const chosen = chooseSheet(workbook, name, sheet);
  const texts = archive.names.includes('xl/sharedStrings.xml') ? await readSharedTexts(archive, name) : [];
  const dates = archive.names.includes('xl/styles.xml') ? await readDateStyles(archive) : new Set<number>();
  const rows = readRows(archive, chosen.file, { texts, dates, epochMs: workbook.epochMs });
  const head: RawRecord[] = [];
  while (head.length < HEAD_ROWS) {
    const next = await rows.next();
    if (next.done === true) break;
    head.push(next.value);
  }
  const widths = new Map<number, number>();
  for (const row of head) if (!isBlank(row)) widths.set(widthOf(row), (widths.get(widthOf(row)) ?? 0) + 1);
  const [width = 1] = [...widths].toSorted((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [];
  const { first, ignored } = findHeader(head, width);
  if (first === undefined)
    throw new AppError('bad-data', `${name}: the sheet ${JSON.stringify(chosen.name)} holds no rows`);
  const names = first.cells.map(tidyName);
  while (names.length > 1 && names.at(-1) === '') names.pop();
  if (sheet === undefined && named.length === 0 && names.length === 1 && countKnownNames(names) === 0)
    refuseNotes(workbook, name);
  const headerless = hasNoHeader(named, names, head);
  const columns = headerless ? names.map((_, i) => String(i + 1)) : names;

  async function* read(wanted: Wanted = {}): AsyncGenerator<SourceRow> {
    const toRow = createRowReader(columns, wanted, (cell) => cell);
    const start = (first as RawRecord).line;
    try {
      for (const row of head) {
        if (row.line > start || (headerless && row.line === start)) if (!isBlank(row)) yield toRow(row);
      }
      for await (const row of rows) if (!isBlank(row)) yield toRow(row);
    } finally {
      await archive.close();
    }
  }
  return {
    layout: {
      format: 'xlsx',
      encoding: 'utf-8',
      delimiter: null,
      quote: null,
      headerLine: headerless ? null : first.line,
      ignoredLines: ignored,
      marks: [`sheet ${chosen.name}`],
    },
    columns,
    read,
  };
}

/** The file of a sheet in its archive. @throws AppError `bad-data` for a sheet that is not there */
export async function findSheetFile(
  archive: ZipArchive,
  name: string,
  sheet: string | undefined,
): Promise<string> {
  return chooseSheet(await readWorkbook(archive), name, sheet).file;
}

/** A sheet of sentences before those of data is no table. */
function refuseNotes({ sheets }: Workbook, name: string): void {
  const [first, ...others] = sheets.map((entry) => JSON.stringify(entry.name));
  if (others.length === 0) return;
  throw new AppError(
    'bad-data',
    `${name}: the first sheet, ${first}, holds no table but one column of text; its others are ${others.join(', ')}: name one (--sheet NAME)`,
    { details: { field: 'sheet' } },
  );
}

function chooseSheet(
  { sheets }: Workbook,
  name: string,
  sheet: string | undefined,
): Workbook['sheets'][number] {
  const chosen = sheet === undefined ? sheets[0] : sheets.find((known) => known.name === sheet);
  if (chosen !== undefined) return chosen;
  const known = sheets.map((entry) => JSON.stringify(entry.name)).join(', ');
  throw new AppError(
    'bad-data',
    `${name} has no sheet ${JSON.stringify(sheet ?? '')}; its sheets are ${known}`,
    { details: { field: 'sheet' } },
  );
}

function widthOf({ cells }: RawRecord): number {
  return cells.findLastIndex((cell) => cell !== '') + 1;
}

interface Workbook {
  sheets: { name: string; file: string }[];
  /** Day 0 of its dates. */
  epochMs: number;
}

async function readWorkbook(archive: ZipArchive): Promise<Workbook> {
  const targets = new Map<string, string>();
  await parseEntry(archive, 'xl/_rels/workbook.xml.rels', {
    onopentag: (tag, { Id, Target }) => {
      if (localName(tag) === 'Relationship' && Id !== undefined && Target !== undefined)
        targets.set(Id, Target);
    },
  });
  const workbook: Workbook = { sheets: [], epochMs: Date.UTC(1899, 11, 30) };
  await parseEntry(archive, WORKBOOK, {
    onopentag: (tag, attributes) => {
      if (localName(tag) === 'workbookPr' && /^(?:1|true)$/u.test(attributes['date1904'] ?? '')) {
        workbook.epochMs = Date.UTC(1904, 0, 1);
      }
      if (localName(tag) !== 'sheet') return;
      const target = targets.get(attributes['r:id'] ?? '') ?? '';
      workbook.sheets.push({
        name: attributes['name'] ?? '',
        file: target.startsWith('/') ? target.slice(1) : `xl/${target}`,
      });
    },
  });
  return workbook;
}

async function readSharedTexts(archive: ZipArchive, name: string): Promise<string[]> {
  const texts: string[] = [];
  let text = '';
  let total = 0;
  let inText = false;
  let phonetic = 0;
  await parseEntry(archive, 'xl/sharedStrings.xml', {
    onopentag: (tag) => {
      const local = localName(tag);
      if (local === 'si') text = '';
      if (local === 'rPh') phonetic += 1;
      inText = local === 't' && phonetic === 0;
    },
    ontext: (piece) => {
      if (inText) text += piece;
    },
    onclosetag: (tag) => {
      const local = localName(tag);
      if (local === 't') inText = false;
      if (local === 'rPh') phonetic -= 1;
      if (local !== 'si') return;
      total += text.length;
      if (total > MAX_SHARED_CHARS)
        throw new AppError(
          'bad-data',
          `${name} holds more than ${MAX_SHARED_CHARS} characters of texts: export it as CSV`,
        );
      texts.push(text);
    },
  });
  return texts;
}

/** Numbers of the styles that show a number as a date. */
async function readDateStyles(archive: ZipArchive): Promise<Set<number>> {
  const custom = new Map<number, boolean>();
  const styles: number[] = [];
  let inCells = false;
  await parseEntry(archive, 'xl/styles.xml', {
    onopentag: (tag, { numFmtId, formatCode }) => {
      const local = localName(tag);
      if (local === 'cellXfs') inCells = true;
      if (local === 'numFmt')
        custom.set(
          Number(numFmtId),
          /[ymdh]/iu.test((formatCode ?? '').slice(0, 200).replaceAll(/"[^"]*"|\[[^[\]]*\]|\\./gu, '')),
        );
      if (local === 'xf' && inCells) styles.push(Number(numFmtId ?? 0));
    },
    onclosetag: (tag) => {
      if (localName(tag) === 'cellXfs') inCells = false;
    },
  });
  // Formats that every workbook knows:
  // https://learn.microsoft.com/en-us/dotnet/api/documentformat.openxml.spreadsheet.numberingformat
  const isDate = (id: number): boolean =>
    custom.get(id) ?? ((id >= 14 && id <= 22) || (id >= 45 && id <= 47));
  return new Set(styles.flatMap((id, style) => (isDate(id) ? [style] : [])));
}

async function* readRows(
  archive: ZipArchive,
  file: string,
  { texts, dates, epochMs }: { texts: readonly string[]; dates: ReadonlySet<number>; epochMs: number },
): AsyncGenerator<RawRecord> {
  const done: RawRecord[] = [];
  let row: RawRecord = { line: 0, cells: [] };
  let cell = { place: 0, type: '', style: -1, text: '' };
  let inValue = false;
  const parser = createXmlParser({
    onopentag: (tag, attributes) => {
      const local = localName(tag);
      if (local === 'row') row = { line: Number(attributes['r'] ?? row.line + 1), cells: [] };
      else if (local === 'c') {
        const place = placeOf(attributes['r'] ?? '') ?? row.cells.length;
        cell = { place, type: attributes['t'] ?? 'n', style: Number(attributes['s'] ?? -1), text: '' };
      } else if (local === 'v' || local === 't') inValue = true;
    },
    ontext: (piece) => {
      if (inValue) cell.text += piece;
    },
    onclosetag: (tag) => {
      const local = localName(tag);
      if (local === 'v' || local === 't') inValue = false;
      else if (local === 'c') {
        if (cell.place >= MAX_COLUMNS) return;
        while (row.cells.length < cell.place) row.cells.push('');
        row.cells[cell.place] = showCell(cell);
      } else if (local === 'row') done.push(row);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of await archive.open(file)) {
    parser.write(decoder.decode(chunk, { stream: true }));
    yield* done.splice(0);
  }
  parser.end();
  yield* done.splice(0);

  function showCell({ type, style, text }: typeof cell): string {
    if (type === 's') return texts[Number(text)] ?? '';
    if (type === 'b') return text === '1' ? 'true' : 'false';
    if (type !== 'n' || text === '') return text;
    const number = Number(text);
    if (dates.has(style) && Number.isFinite(number))
      return new Date(Math.round(epochMs + number * 86_400_000)).toISOString();
    // 4.0638100000000002 is what a program wrote for 4.06381.
    return Number.isFinite(number) && !Number.isSafeInteger(number)
      ? String(Number(number.toPrecision(15)))
      : text;
  }
}

/** `AB12` is in the 28th column. */
export function placeOf(reference: string): number | undefined {
  const letters = /^[A-Z]{1,3}/u.exec(reference)?.[0];
  if (letters === undefined) return undefined;
  return letters.split('').reduce((place, letter) => place * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

async function parseEntry(archive: ZipArchive, file: string, handler: Partial<Handler>): Promise<void> {
  const parser = createXmlParser(handler);
  const decoder = new TextDecoder();
  for await (const chunk of await archive.open(file)) parser.write(decoder.decode(chunk, { stream: true }));
  parser.end();
}

export function createXmlParser(handler: Partial<Handler>): Parser {
  return new Parser(handler, { xmlMode: true, decodeEntities: true });
}

export function localName(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}
