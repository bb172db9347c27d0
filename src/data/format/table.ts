/** What every reader hands on: rows as they stand in the source, not yet checked. */
import { AppError } from '../../core/errors.ts';
import type { Fault } from '../record.ts';

/**
 * One row: its values, or why it could not even be read. `line` counts from 1: lines of a text file, elements
 * of a list.
 */
export type SourceRow =
  { line: number; values: Readonly<Record<string, unknown>> } | { line: number; fault: Fault };

export const FORMATS = ['csv', 'tsv', 'jsonl', 'json', 'xml', 'xlsx', 'parquet'] as const;
export type SourceFormat = (typeof FORMATS)[number];

/** How the bytes were read, for whoever wants to know why. */
export interface Layout {
  format: SourceFormat | 'records';
  /** As WHATWG calls it; `binary` where the format says how its texts are kept. */
  encoding: string;
  /** null where rows are not delimited. */
  delimiter: string | null;
  quote: string | null;
  /** Line of the header; null where there is none. */
  headerLine: number | null;
  /** Lines before the header that say nothing of the rows. */
  ignoredLines: readonly { line: number; reason: string }[];
  /** `gzip`, `zstd` or `zip`. */
  packing?: string | undefined;
  /** What the file tells by more than its rows: `sep=`, line ends. */
  marks: readonly string[];
}

export interface Wanted {
  /** Columns whose cells are read; undefined: all. */
  columns?: readonly string[] | undefined;
  /** Columns without whose cell a row is cut off. */
  required?: readonly string[];
}

/** Rows of a source. A table knows its columns before its first row. */
export interface SourceTable {
  layout: Layout;
  /** Names of the columns; undefined for JSON and XML, where every record names its own fields. */
  columns?: readonly string[] | undefined;
  /** Call once. */
  read(wanted?: Wanted): AsyncIterable<SourceRow>;
}

/**
 * @param name of the source, for the message
 * @param ignored rows that are there, and no record of their own
 */
export function holdsNoRecords(name: string, { headerLine }: Layout, ignored = 0): AppError {
  const below = headerLine === null ? '' : `: nothing stands below its header, line ${headerLine}`;
  const why = ignored === 0 ? below : `: none of its ${ignored} rows is a record of its own`;
  return new AppError('bad-data', `${name} holds no records${why}`);
}

/** A row of a text source longer than this is damage (an open quote, a binary file), not data. */
export const MAX_ROW_BYTES = 8 * 1024 * 1024;
/** More columns are damage or a matrix, not records. */
export const MAX_COLUMNS = 4096;

/** Why a row is refused whose bytes are no text, with the way out. */
export const NOT_UTF8 =
  'is not UTF-8: name the encoding of the file (--encoding windows-1252), or save it as UTF-8';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes as text, or undefined when they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The bytes as they can be shown: whatever is no UTF-8 becomes U+FFFD. */
export function showBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
