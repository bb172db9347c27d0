/** JSON records: one a line (JSONL), or a list, alone or inside an object; streamed, element by element. */
import { parse as parseLossless } from 'lossless-json';
import { AppError } from '../../core/errors.ts';
import { isTooDeep, MAX_JSON_DEPTH } from '../../core/json-depth.ts';
import { isJsonObject } from '../../core/json-object.ts';
import { shorten } from '../record.ts';
import { splitLines } from '../split-lines.ts';
import type { OpenedBytes } from './open-bytes.ts';
import {
  decodeUtf8,
  MAX_ROW_BYTES,
  NOT_UTF8,
  showBytes,
  type Layout,
  type SourceRow,
  type SourceTable,
} from './table.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

/** What the list of records is called where an object holds it, and what may stand around that object. */
const LISTS = new Set(
  'data products items records rows results entries reviews value nodes edges offers articles listings catalog documents entry'.split(
    ' ',
  ),
);
const AROUND = new Set(
  'data result results response body payload feed catalog shop site store search viewer products reviews content _embedded embedded'.split(
    ' ',
  ),
);

/** Objects around the list. */
const MAX_LIST_DEPTH = 6;
const HEAD_BYTES = 1 << 16;
const KNOWN_LIST = new RegExp(String.raw`"(?:${[...LISTS].join('|')})"\s{0,20}:\s{0,20}\[`, 'iu');

export function readJsonLines(bytes: OpenedBytes, name: string): SourceTable {
  async function* read(): AsyncGenerator<SourceRow> {
    let line = 0;
    for await (const piece of splitLines(bytes.chunks, (sizeBytes) =>
      checkSize(sizeBytes, `${name}: line ${line + 1}`),
    )) {
      line += 1;
      if (!isBlank(piece)) yield parseElement(piece, line);
    }
  }
  return { layout: layoutOf('jsonl', bytes), read };
}

/**
 * @throws AppError `bad-data`, while reading, when there is no list, it does not end, or something else
 *   follows it
 */
export function readJsonList(bytes: OpenedBytes, name: string): SourceTable {
  async function* read(): AsyncGenerator<SourceRow> {
    let index = 0;
    for await (const piece of splitList(bytes.chunks, name)) {
      if (!piece.isElement) continue;
      index += 1;
      yield parseElement(piece.bytes, index);
    }
  }
  return { layout: layoutOf('json', bytes), read };
}

function layoutOf(format: 'json' | 'jsonl', { encoding, packing }: OpenedBytes): Layout {
  return {
    format,
    encoding,
    packing,
    delimiter: null,
    quote: null,
    headerLine: null,
    ignoredLines: [],
    marks: [],
  };
}

/** All bytes of the file in their order. */
export interface ListPiece {
  bytes: Buffer;
  /** An element of the list, or what stands around elements. */
  isElement: boolean;
}

/**
 * The elements of the list. Of bytes outside it only the keys on the way to it are looked at. All of
 * JSON's marks are ASCII, which no byte of a longer UTF-8 sequence can be, so bytes are enough and chunk
 * borders do no harm.
 */
export async function* splitList(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<ListPiece> {
  let depth = 0;
  /** Depth of the list's elements; undefined outside it. */
  let listDepth: number | undefined;
  let foundList = false;
  /** Whether the outermost value has ended. */
  let ended = false;
  let inString = false;
  let escaped = false;
  let text: number[] = [];
  /** Key before the value at each depth; undefined inside a list. */
  const keys: (string | undefined)[] = [];
  let kept: Buffer[] = [];
  let keptBytes = 0;
  /** Elements so far: an empty one between commas is none. */
  let isFirst = true;
  let count = 0;
  /** Where the beginning holds no list of a known name, the first list of objects is the one. */
  let isAnyTaken: boolean | undefined;

  const take = (): Buffer => {
    const element = Buffer.concat(kept);
    kept = [];
    keptBytes = 0;
    return element;
  };
  const opensList = (chunk: Buffer, at: number): boolean =>
    !foundList &&
    (depth === 0 ||
      (depth <= MAX_LIST_DEPTH &&
        (LISTS.has((keys[depth] ?? '').toLowerCase()) ||
          (isAnyTaken === true &&
            keys[depth] !== undefined &&
            /^\[\s{0,200}\{/u.test(chunk.toString('latin1', at, at + 210)))) &&
        keys
          .slice(1, depth)
          .every((key) => key !== undefined && (isAnyTaken === true || AROUND.has(key.toLowerCase())))));
  const outside = (bytes: Buffer): ListPiece => ({ bytes, isElement: false });
  for await (const chunk of chunks) {
    isAnyTaken ??= !KNOWN_LIST.test(chunk.toString('latin1', 0, HEAD_BYTES));
    /** Of the element, or of what stands around it. */
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
          if (!inList && depth <= MAX_LIST_DEPTH) keys[depth] = Buffer.from(text.slice(0, -1)).toString();
        }
        continue;
      }
      if (ended && byte > 0x20) throw followed(name, chunk.subarray(i));
      if (byte === QUOTE) {
        inString = true;
        text = [];
      } else if (byte === 0x5b || byte === 0x7b) {
        const opens = byte === 0x5b && opensList(chunk, i);
        depth += 1;
        if (!inList) keys[depth] = undefined;
        if (opens) {
          listDepth = depth;
          foundList = true;
          yield outside(chunk.subarray(start, i + 1));
          start = i + 1;
        }
      } else if (byte === 0x5d || byte === 0x7d) {
        if (listDepth === depth) {
          keep(i);
          const element = take();
          yield { bytes: element, isElement: !isBlank(element) || !isFirst };
          start = i;
          listDepth = undefined;
        }
        depth -= 1;
        if (depth <= 0) ended = true;
      } else if (byte === COMMA) {
        if (listDepth === depth) {
          keep(i);
          isFirst = false;
          count += 1;
          yield { bytes: take(), isElement: true };
          yield outside(chunk.subarray(i, i + 1));
          start = i + 1;
        } else if (!inList && depth <= MAX_LIST_DEPTH) keys[depth] = undefined;
      }
    }
    if (listDepth !== undefined) keep(chunk.length);
    else if (start < chunk.length) yield outside(chunk.subarray(start));
    checkSize(keptBytes, name);
  }
  if (listDepth !== undefined || (foundList && !ended)) {
    throw new AppError(
      'bad-data',
      `${name} breaks off inside its JSON list, after ${count} records: it is cut short; fetch or export it once more`,
    );
  }
  if (foundList) return;
  throw new AppError(
    'bad-data',
    `${name} holds no JSON list: records are expected as [{...}, ...] or {"data": [{...}, ...]}; for one record a line use .jsonl`,
  );
}

function followed(name: string, rest: Buffer): AppError {
  const value = JSON.stringify(shorten(showBytes(rest.subarray(0, 80))));
  return new AppError(
    'bad-data',
    `${name}: ${value} follows the JSON list: a file holds one list, or one record a line (.jsonl)`,
  );
}

function parseElement(bytes: Buffer, line: number): SourceRow {
  const text = decodeUtf8(bytes);
  const refuse = (value: unknown, reason: string): SourceRow => ({
    line,
    fault: { field: 'row', value: shorten(value), reason },
  });
  if (text === undefined) return refuse(showBytes(bytes), NOT_UTF8);
  if (isTooDeep(text)) return refuse(text.trim(), `is nested deeper than ${MAX_JSON_DEPTH} levels`);
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? { line, values: value } : refuse(value, 'is no JSON object');
  } catch {
    return refuse(text.trim(), 'is no valid JSON');
  }
}

/** Whole numbers beyond 2^53 keep their digits: they are ids, and become texts. */
function parseJson(text: string): unknown {
  if (!/\d{16}/u.test(text)) return JSON.parse(text);
  return parseLossless(text, undefined, (digits) => {
    const number = Number(digits);
    return /^-?\d+$/u.test(digits) && !Number.isSafeInteger(number) ? digits : number;
  });
}

function checkSize(sizeBytes: number, where: string): void {
  if (sizeBytes > MAX_ROW_BYTES) {
    throw new AppError(
      'bad-data',
      `${where} holds a record larger than ${MAX_ROW_BYTES / 1024 / 1024} MiB, or is no file of JSON records: shorten its texts, or leave it out`,
    );
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE);
}
