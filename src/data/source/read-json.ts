/** JSON records: one a line (JSONL), or a list, or an object with a list under `data`; streamed, element by element. */
import { AppError } from '../../core/errors.ts';
import { isTable } from '../../core/table.ts';
import { shorten } from '../record.ts';
import { splitLines } from '../split-lines.ts';
import type { OpenedBytes } from './open-bytes.ts';
import {
  decodeUtf8,
  MAX_ROW_BYTES,
  NOT_UTF8,
  showBytes,
  type SourceRow,
  type SourceTable,
} from './source-row.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

export function readJsonLines(bytes: OpenedBytes, name: string): SourceTable {
  async function* readRows(): AsyncGenerator<SourceRow> {
    let line = 0;
    for await (const piece of splitLines(bytes.chunks, (sizeBytes) => checkSize(sizeBytes, name))) {
      line += 1;
      if (!isBlank(piece)) yield parseElement(piece, line);
    }
  }
  return { rows: readRows() };
}

/** @throws AppError `bad-data`, while reading, when there is no list or it does not end */
export function readJsonList(bytes: OpenedBytes, name: string): SourceTable {
  async function* readRows(): AsyncGenerator<SourceRow> {
    let index = 0;
    for await (const element of splitList(bytes.chunks, name)) {
      index += 1;
      yield parseElement(element, index);
    }
  }
  return { rows: readRows() };
}

/**
 * The elements of the list. Bytes outside the list are skipped but for the key before it. All of JSON's marks are ASCII, which no byte
 * of a longer UTF-8 sequence can be, so bytes are enough and chunk borders do no harm.
 */
async function* splitList(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  let depth = 0;
  /** Depth of the list's elements; undefined outside it. */
  let listDepth: number | undefined;
  let ended = false;
  let inString = false;
  let escaped = false;
  let text: number[] = [];
  let key = '';
  let kept: Buffer[] = [];
  let keptBytes = 0;

  const take = (): Buffer => {
    const element = Buffer.concat(kept);
    kept = [];
    keptBytes = 0;
    return element;
  };
  for await (const chunk of chunks) {
    let start = 0;
    const keep = (end: number): void => {
      kept.push(chunk.subarray(start, end));
      keptBytes += end - start;
    };
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i] as number;
      const inList = listDepth !== undefined;
      if (inString) {
        if (!inList && text.length < 64) text.push(byte);
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) {
          inString = false;
          if (!inList && depth === 1) key = Buffer.from(text.slice(0, -1)).toString();
        }
      } else if (byte === QUOTE) {
        inString = true;
        text = [];
      } else if (byte === 0x5b || byte === 0x7b) {
        const opensList =
          byte === 0x5b && !inList && !ended && (depth === 0 || (depth === 1 && key === 'data'));
        depth += 1;
        if (opensList) {
          listDepth = depth;
          start = i + 1;
        }
      } else if (byte === 0x5d || byte === 0x7d) {
        if (listDepth === depth) {
          keep(i);
          const element = take();
          if (!isBlank(element)) yield element;
          listDepth = undefined;
          ended = true;
        }
        depth -= 1;
      } else if (byte === COMMA) {
        if (listDepth === depth) {
          keep(i);
          yield take();
          start = i + 1;
        } else if (!inList && depth === 1) key = '';
      }
    }
    if (listDepth !== undefined) keep(chunk.length);
    checkSize(keptBytes, name);
  }
  if (ended) return;
  if (listDepth !== undefined) {
    throw new AppError('bad-data', `${name} breaks off inside its JSON list: it is not complete`);
  }
  throw new AppError(
    'bad-data',
    `${name} holds no JSON list: records are expected as [{...}, ...] or {"data": [{...}, ...]}; for one record a line use .jsonl`,
  );
}

function parseElement(bytes: Buffer, line: number): SourceRow {
  const text = decodeUtf8(bytes);
  if (text === undefined) {
    return { line, fault: { field: 'row', value: shorten(showBytes(bytes)), reason: NOT_UTF8 } };
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isTable(value)) return { line, values: value };
    return { line, fault: { field: 'row', value: shorten(value), reason: 'is no JSON object' } };
  } catch {
    return { line, fault: { field: 'row', value: shorten(text.trim()), reason: 'is no valid JSON' } };
  }
}

function checkSize(sizeBytes: number, name: string): void {
  if (sizeBytes > MAX_ROW_BYTES) {
    throw new AppError(
      'bad-data',
      `${name} holds a record larger than ${MAX_ROW_BYTES / 1024 / 1024} MiB, or is no file of JSON records`,
    );
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE);
}
