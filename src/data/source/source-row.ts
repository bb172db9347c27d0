/** What every reader hands on: rows as they stand in the source, not yet checked. */
import type { Fault } from '../record.ts';

/** One row: its values, or why it could not even be read. `line` counts from 1: lines of a text file, elements of a JSON list. */
export type SourceRow =
  { line: number; values: Readonly<Record<string, unknown>> } | { line: number; fault: Fault };

/** Rows of a source. A table knows its columns before its first row. */
export interface SourceTable {
  /** Names of the columns; undefined for JSON, where every record names its own fields. */
  columns?: readonly string[];
  rows: AsyncIterable<SourceRow>;
}

export const FORMATS = ['csv', 'tsv', 'jsonl', 'json'] as const;
export type SourceFormat = (typeof FORMATS)[number];

/** A row of a text source longer than this is damage (an open quote, a binary file), not data. */
export const MAX_ROW_BYTES = 8 * 1024 * 1024;

/** Why a row is refused whose bytes are no text, with the way out. */
export const NOT_UTF8 = 'is not UTF-8: save the file as UTF-8 (from Windows, iconv -f WINDOWS-1252 -t UTF-8)';

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
