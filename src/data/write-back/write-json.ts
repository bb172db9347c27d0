/**
 * JSON with our members at the end of every record, written as the record's own are; the rest as it stood.
 */
import { splitList } from '../format/json.ts';
import type { TableCell } from '../table/rows.ts';
import { renderCell, type CopyColumn, type CreativeCursor, type DeclaredText } from './copy-columns.ts';

export async function* writeJsonList(
  chunks: AsyncIterable<Buffer>,
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
  name: string,
): AsyncGenerator<Buffer> {
  let index = 0;
  for await (const { bytes, isElement } of splitList(chunks, name)) {
    if (!isElement) {
      yield bytes;
      continue;
    }
    index += 1;
    yield await splice(bytes, index, copy, cursor);
  }
}

const NEWLINE = 0x0a;

export async function* writeJsonLines(
  chunks: AsyncIterable<Buffer>,
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
): AsyncGenerator<Buffer> {
  let open: Buffer = Buffer.alloc(0);
  let line = 0;
  for await (const chunk of chunks) {
    open = open.length === 0 ? chunk : Buffer.concat([open, chunk]);
    let start = 0;
    for (let end = open.indexOf(NEWLINE); end !== -1; end = open.indexOf(NEWLINE, start)) {
      line += 1;
      yield await splice(open.subarray(start, end), line, copy, cursor);
      yield open.subarray(end, end + 1);
      start = end + 1;
    }
    open = open.subarray(start);
  }
  if (open.length > 0) yield await splice(open, line + 1, copy, cursor);
}

async function splice(
  bytes: Buffer,
  place: number,
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
): Promise<Buffer> {
  const creative = await cursor.take(place);
  if (creative === undefined) return bytes;
  return Buffer.from(
    spliceMembers(
      bytes.toString('latin1'),
      copy.map(({ name, keeps, read }) => ({ name, keeps, value: read(creative) })),
    ),
    'latin1',
  );
}

interface Member {
  name: string;
  keyStart: number;
  start: number;
  end: number;
}

/** @param text a JSON object, of a character a byte */
function spliceMembers(
  text: string,
  added: readonly { name: string; keeps: boolean; value: TableCell | DeclaredText }[],
): string {
  const members = listMembers(text);
  const last = members.at(-1);
  const open = text.indexOf('{');
  // As the record parts its own members: a line each, a space, or nothing.
  const before =
    last === undefined ? '' : text.slice(text.slice(0, last.keyStart).trimEnd().length, last.keyStart);
  const colon = last === undefined || /:\s/u.test(text.slice(last.keyStart, last.start)) ? ': ' : ':';
  let more = '';
  let out = text;
  const edits: { start: number; end: number; text: string }[] = [];
  for (const { name, keeps, value } of added) {
    const json = toLatin1(JSON.stringify(toJson(value)));
    const stood = members.find((member) => member.name === name);
    if (stood === undefined) {
      const comma = last === undefined && more === '' ? '' : ',';
      more += `${comma}${before}${toLatin1(JSON.stringify(name))}${colon}${json}`;
    } else if (!keeps || /^(?:null|"\s*")$/u.test(text.slice(stood.start, stood.end)))
      edits.push({ start: stood.start, end: stood.end, text: json });
  }
  const at = last?.end ?? open + 1;
  edits.push({ start: at, end: at, text: more });
  for (const edit of edits.toSorted((a, b) => b.start - a.start))
    out = out.slice(0, edit.start) + edit.text + out.slice(edit.end);
  return out;
}

function listMembers(text: string): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let keyStart = -1;
  let member: Member | undefined;
  const close = (): void => {
    if (member !== undefined) members.push(member);
    member = undefined;
  };
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (char === '"') {
      const start = i;
      for (i += 1; i < text.length && text[i] !== '"'; i += 1) if (text[i] === '\\') i += 1;
      if (depth === 1 && member === undefined && keyStart === -1) keyStart = start;
      else if (depth === 1 && member !== undefined) {
        if (member.start === -1) member.start = start;
        member.end = i + 1;
      }
      continue;
    }
    if (char === ':' && depth === 1 && member === undefined) {
      const key: unknown = JSON.parse(Buffer.from(text.slice(keyStart, i).trim(), 'latin1').toString('utf8'));
      member = { name: String(key), keyStart, start: -1, end: -1 };
      continue;
    }
    if (char === ',' && depth === 1) {
      close();
      keyStart = -1;
      continue;
    }
    if (char === '}' || char === ']') depth -= 1;
    if (depth === 0 && char === '}') close();
    else if (member !== undefined && !/\s/u.test(char)) {
      if (member.start === -1) member.start = i;
      member.end = i + 1;
    }
    if (char === '{' || char === '[') depth += 1;
  }
  return members;
}

function toJson(value: TableCell | DeclaredText): unknown {
  return typeof value === 'object' && value !== null && 'writer' in value ? renderCell(value) : value;
}

function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
