/**
 * How a delimited file is written, found by reading records of its head in every way that spreadsheets and
 * shops write them: the way whose records agree in their number of cells is taken. Lines before the header
 * (`sep=`, comments, a report's title and dates) are passed over.
 */
import { countKnownNames } from '../platform/recognise.ts';
import { splitRecords, type Delimiters, type RawRecord } from './split-records.ts';
import { decodeUtf8 } from './table.ts';

export interface Dialect extends Delimiters {
  /**
   * Record of the head that is the header (or the first row of a table without one), after those that are
   * passed over.
   */
  first: RawRecord | undefined;
  /** Records of the head. */
  records: readonly RawRecord[];
  ignored: { line: number; reason: string }[];
  /** `sep=` line, line ends. */
  marks: string[];
}

export const DELIMITERS = [',', ';', '\t', '|'] as const;
const RECORDS_READ = 400;
const MAX_LINES_BEFORE = 40;
const LINES_COMPARED = 10;
const HEADERS_COMPARED = 3;

/** @param head of a character a byte, without the mark */
export function findDialect(head: string, isWhole: boolean, isTsv: boolean): Dialect {
  const separator = /^(?:[\r\n]{0,20})"?sep=([^\r\n])"?[\r\n]/iu.exec(head.slice(0, 40))?.[1];
  const ways = (separator === undefined ? DELIMITERS : [separator]).flatMap((delimiter): Delimiters[] => [
    { delimiter, quote: '"' },
    // Where commas are quoted, a quote that nobody closes is damage; tabs and bars have often no quoting at
    // all.
    ...(delimiter === ',' || delimiter === ';' ? [] : [{ delimiter, quote: null }]),
  ]);
  const tries = ways.map((way) => {
    const { records } = splitRecords(head, way, { start: 0, line: 1, isLast: isWhole, limit: RECORDS_READ });
    return { way, records, ...judge(way, records, isTsv) };
  });
  const best = tries.reduce((a, b) => (b.score > a.score ? b : a));
  const { first, ignored } = findHeader(best.records, best.cells);
  return { ...best.way, first, records: best.records, ignored, marks: listMarks(head, separator) };
}

/** The share of records that agree in their number of cells, and that number. */
function judge(
  { delimiter, quote }: Delimiters,
  all: readonly RawRecord[],
  isTsv: boolean,
): { score: number; cells: number } {
  const records = all.filter((record) => !isBlank(record) && !isComment(record));
  const counts = new Map<number, number>();
  let faults = 0;
  for (const { cells, fault } of records) {
    if (fault === undefined) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
    else faults += 1;
  }
  const common = [...counts].toSorted((a, b) => b[1] - a[1] || b[0] - a[0]);
  let [cells = 1, agreeing = 0] = common[0] ?? [];
  // A short table after more lines of head than it has rows.
  const [wider = 1, rows = 0] = common.find(([width]) => width > 1) ?? [];
  if (cells === 1 && rows >= 2) {
    const from = records.findIndex((record) => record.cells.length === wider);
    if (from <= MAX_LINES_BEFORE && rows >= (records.length - from) * 0.7) [cells, agreeing] = [wider, rows];
  }
  // Where a file is of two minds its header decides.
  const header = records[0]?.cells ?? [];
  const isHeaderKnown = agreeing < records.length && header.length > 1 && countNames(header) > 1;
  if (isHeaderKnown) [cells, agreeing] = [header.length, counts.get(header.length) ?? 0];
  if (cells === 1) return { score: delimiter === ',' ? 0.01 : 0, cells };
  const before = records.findIndex((record) => record.cells.length === cells);
  // Lines before the table count half: a way that reads one row of two is not the way.
  const judged = Math.max(1, records.length - Math.min(before, MAX_LINES_BEFORE) / 2);
  const share = (agreeing - faults) / judged;
  // Among ways that agree alike: more cells, quotes that mean something, and what the file's name says. TSV
  // has no quoting by its own definition (IANA text/tab-separated-values), yet many programs quote.
  const preference =
    Math.min(cells, 50) * 1e-4 +
    (delimiter === '\t' && isTsv ? 0.02 : 0) +
    (isHeaderKnown ? 0.5 : 0) +
    (quote === null ? 1e-5 : records.some(({ quoted }) => quoted === true) ? 2e-5 : 0);
  return { score: share + preference, cells };
}

export function findHeader(
  records: readonly RawRecord[],
  cells: number,
): { first: RawRecord | undefined; ignored: Dialect['ignored'] } {
  const candidates = records.filter((record) => !isBlank(record));
  const ignored: Dialect['ignored'] = [];
  let at = 0;
  for (; at < Math.min(candidates.length - 1, MAX_LINES_BEFORE); at += 1) {
    const record = candidates[at] as RawRecord;
    const reason = passedOver(record, candidates.slice(at + 1, at + 1 + LINES_COMPARED), cells);
    if (reason === undefined) break;
    ignored.push({ line: record.line, reason });
  }
  // Headings over groups of columns, labels over technical names: the header is the line that says more names
  // that exports have.
  for (let next = at + 1; next <= at + HEADERS_COMPARED && next < candidates.length; next += 1) {
    const known = countNames((candidates[next] as RawRecord).cells);
    if (known < 2 || known <= countNames((candidates[at] as RawRecord).cells)) continue;
    for (const record of candidates.slice(at, next))
      ignored.push({ line: record.line, reason: 'is a heading' });
    at = next;
  }
  return { first: candidates[at], ignored };
}

/** Cells of text are bytes yet; those of workbooks, which hold more than bytes can, are not. */
function countNames(cells: readonly string[]): number {
  return countKnownNames(
    cells.map((cell) => {
      const areBytes = /[\u0080-\u00ff]/u.test(cell) && !/[^\0-\u00ff]/u.test(cell);
      return areBytes ? (decodeUtf8(Buffer.from(cell, 'latin1')) ?? cell) : cell;
    }),
  );
}

/** Why a line is none of the table; undefined where it is the header. */
function passedOver(record: RawRecord, after: readonly RawRecord[], cells: number): string | undefined {
  const [first = ''] = record.cells;
  if (/^"?sep=.?"?$/iu.test(record.cells.join('')) || /^sep=/iu.test(first)) return 'says the delimiter';
  if (cells === 1) return undefined;
  if (isComment(record)) return 'is a comment';
  const filled = countFilled(record);
  // A title, dates, a row of headings over groups of columns: fewer cells than lines after it, and less than
  // half of a row.
  if (filled <= cells / 2 && after.some((next) => countFilled(next) > filled)) return 'is a heading';
  return undefined;
}

function isComment(record: RawRecord): boolean {
  return record.cells[0]?.trimStart().startsWith('#') === true && countFilled(record) === 1;
}

function countFilled({ cells }: RawRecord): number {
  return cells.reduce((count, cell) => (cell.trim() === '' ? count : count + 1), 0);
}

export function isBlank({ cells, fault }: RawRecord): boolean {
  if (fault !== undefined) return false;
  // What advertising tools write below their rows; in UTF-8 the sign is two bytes.
  if (cells.length === 1 && /^\u00c2?\u00a9/u.test(cells[0] ?? '')) return true;
  return cells.every((cell) => cell === '' || cell.trim() === '');
}

function listMarks(head: string, separator: string | undefined): string[] {
  const crlf = head.includes('\r\n');
  return [
    ...(separator === undefined ? [] : ['sep=']),
    crlf ? 'CRLF' : head.includes('\r') && !head.includes('\n') ? 'CR' : 'LF',
  ];
}
