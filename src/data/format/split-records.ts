/**
 * Records of delimited text, as Python's `csv` splits them: a quote opens a cell only at its start, a doubled
 * quote is one, a record ends at LF, CR LF or CR outside quotes. What neither reads alike is refused: text
 * after a closing quote.
 *
 * Works on text of a character a byte (latin1), so that marks, all ASCII, are found fast and cells are
 * decoded only where they are read.
 */
export interface Delimiters {
  delimiter: string;
  /** null: quotes are plain characters. */
  quote: string | null;
}

export interface RawRecord {
  /** Physical line that it begins on, from 1. */
  line: number;
  cells: string[];
  /** Where it stands in the text, without the end of its line; absent in workbooks. */
  start?: number;
  end?: number;
  /** Whether a cell of it is quoted. */
  quoted?: boolean;
  /** Why it is no record. */
  fault?: string;
}

export interface SplitText {
  records: RawRecord[];
  /** Where the first record begins that the text does not hold to its end. */
  end: number;
  /** Physical line at `end`. */
  line: number;
}

const describeUnclosed = (column: number): string =>
  `opens a quote in its column ${column} that is never closed: the rest of the file counts as this row`;
const AFTER_QUOTE = 'has text after a closing quote: double the quotes inside a quoted cell';

/** @param isLast whether the text ends the file */
export function splitRecords(
  text: string,
  { delimiter, quote }: Delimiters,
  from: { start: number; line: number; isLast: boolean; limit?: number },
): SplitText {
  const records: RawRecord[] = [];
  const nextLf = createFinder(text, '\n');
  const nextCr = createFinder(text, '\r');
  const nextQuote = quote === null ? () => Infinity : createFinder(text, quote);
  const nextDelimiter = createFinder(text, delimiter);
  const { isLast, limit = Infinity } = from;
  let at = from.start;
  let line = from.line;

  /**
   * Where a line that ends at `end` gives way to the next; undefined where a CR may have an LF after it that
   * is not yet here.
   */
  const afterEnd = (end: number): number | undefined => {
    if (end >= text.length) return isLast ? text.length : undefined;
    if (text[end] === '\n') return end + 1;
    if (end + 1 >= text.length) return isLast ? end + 1 : undefined;
    return text[end + 1] === '\n' ? end + 2 : end + 1;
  };

  while (at < text.length && records.length < limit) {
    const end = Math.min(nextLf(at), nextCr(at), text.length);
    if (nextQuote(at) >= end) {
      const next = afterEnd(end);
      if (next === undefined) break;
      records.push({ line, cells: text.slice(at, end).split(delimiter), start: at, end });
      at = next;
      line += 1;
      continue;
    }
    const record = splitQuoted(at);
    if (record === undefined) break;
    records.push({
      line,
      cells: record.cells,
      start: at,
      end: record.end,
      quoted: record.quoted,
      ...(record.fault !== undefined && { fault: record.fault }),
    });
    line += record.breaks + 1;
    at = record.next;
  }
  return { records, end: at, line };

  function splitQuoted(
    start: number,
  ):
    | { cells: string[]; quoted: boolean; fault?: string; breaks: number; end: number; next: number }
    | undefined {
    let quoted = false;
    const cells: string[] = [];
    let breaks = 0;
    let i = start;
    for (;;) {
      let cell = '';
      if (text[i] === quote) {
        quoted = true;
        let open = i + 1;
        for (;;) {
          const close = nextQuote(open);
          if (close === Infinity || (close + 1 >= text.length && !isLast)) {
            if (!isLast) return undefined;
            const fault = describeUnclosed(cells.length + 1);
            return { cells: [], quoted, fault, breaks: 0, end: text.length, next: text.length };
          }
          if (text[close + 1] === quote) {
            cell += text.slice(open, close + 1);
            open = close + 2;
            continue;
          }
          cell += text.slice(open, close);
          i = close + 1;
          break;
        }
        breaks += countBreaks(cell);
        while (text[i] === ' ' && text[i] !== delimiter) i += 1;
        const char = text[i];
        if (char !== undefined && char !== delimiter && char !== '\n' && char !== '\r') {
          const end = Math.min(nextLf(i), nextCr(i), text.length);
          const next = afterEnd(end);
          return next === undefined
            ? undefined
            : { cells: [...cells, cell], quoted, fault: AFTER_QUOTE, breaks, end, next };
        }
        if (char === undefined && !isLast) return undefined;
      } else {
        const end = Math.min(nextDelimiter(i), nextLf(i), nextCr(i), text.length);
        cell = text.slice(i, end);
        i = end;
      }
      cells.push(cell);
      if (text[i] === delimiter) {
        i += 1;
        continue;
      }
      const next = afterEnd(i);
      return next === undefined ? undefined : { cells, quoted, breaks, end: i, next };
    }
  }
}

/** Where each cell of a record stands in its text, quotes included. */
export function findCells(
  record: string,
  { delimiter, quote }: Delimiters,
): { start: number; end: number }[] {
  const cells: { start: number; end: number }[] = [];
  for (let at = 0; ;) {
    let end = at;
    if (quote !== null && record[at] === quote) {
      end = at + 1;
      while (end < record.length && (record[end] !== quote || record[end + 1] === quote))
        end += record[end] === quote ? 2 : 1;
    }
    const next = record.indexOf(delimiter, end);
    cells.push({ start: at, end: next === -1 ? record.length : next });
    if (next === -1) return cells;
    at = next + 1;
  }
}

/** The next place of a mark from a position on; positions only grow, so that the whole costs one pass. */
function createFinder(text: string, mark: string): (from: number) => number {
  let found = -1;
  return (from) => {
    if (found < from) {
      found = text.indexOf(mark, from);
      if (found === -1) found = Infinity;
    }
    return found;
  };
}

function countBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  if (!text.includes('\r')) return count;
  for (let at = text.indexOf('\r'); at !== -1; at = text.indexOf('\r', at + 1))
    if (text[at + 1] !== '\n') count += 1;
  return count;
}
