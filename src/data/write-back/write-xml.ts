/**
 * An XML feed with our elements in every item. Works on text of a character a byte, of which the parser tells
 * where elements begin and end.
 */
import { Parser } from 'htmlparser2';
import { isRecordElement } from '../format/xml.ts';
import type { TableCell } from '../table/rows.ts';
import { merchantPrefix } from '../platform/recognise.ts';
import type { CopyColumn, CreativeCursor, DeclaredText } from './copy-columns.ts';

interface Span {
  start: number;
  end: number;
}

interface Item extends Span {
  nth: number;
  /** End of the start tag. */
  contentStart: number;
  isEmpty: boolean;
  children: (Span & { name: string; isEmpty: boolean })[];
}

export async function* writeXml(
  chunks: AsyncIterable<Buffer>,
  copy: readonly CopyColumn[],
  cursor: CreativeCursor,
): AsyncGenerator<Buffer> {
  const items: Item[] = [];
  const open: string[] = [];
  let item: Item | undefined;
  let itemDepth = 0;
  let nth = 0;
  let parsed = 0;
  let text = '';
  /** Where `text` stands in the file. */
  let base = 0;
  const parser = new Parser(
    {
      onopentag: (tag) => {
        open.push(tag);
        parsed = parser.endIndex + 1;
        const span = { start: parser.startIndex, end: parser.endIndex + 1 };
        // Names are bytes here, as all of the text is.
        if (item === undefined && isRecordElement(Buffer.from(tag, 'latin1').toString('utf8'), open.length)) {
          item = { ...span, nth, contentStart: span.end, isEmpty: false, children: [] };
          itemDepth = open.length;
        } else if (item !== undefined && open.length === itemDepth + 1)
          item.children.push({ ...span, name: tag, isEmpty: true });
      },
      ontext: (piece) => {
        parsed = parser.endIndex + 1;
        const child = open.length === itemDepth + 1 ? item?.children.at(-1) : undefined;
        if (child !== undefined && piece.trim() !== '') child.isEmpty = false;
      },
      onclosetag: () => {
        const end = parser.endIndex + 1;
        parsed = end;
        if (item !== undefined && open.length === itemDepth + 1) {
          const child = item.children.at(-1);
          if (child !== undefined) child.end = end;
        } else if (item !== undefined && open.length > itemDepth + 1) {
          const child = item.children.at(-1);
          if (child !== undefined) child.isEmpty = false;
        }
        if (item !== undefined && open.length === itemDepth) {
          item.end = end;
          // `<item/>` has no place for elements.
          item.isEmpty = item.contentStart === end;
          items.push(item);
          item = undefined;
          nth += 1;
        }
        open.pop();
      },
    },
    { xmlMode: true, decodeEntities: false },
  );
  const take = (end: number): string => {
    const taken = text.slice(0, end - base);
    text = text.slice(end - base);
    base = end;
    return taken;
  };

  for await (const chunk of chunks) {
    const piece = chunk.toString('latin1');
    text += piece;
    parser.write(piece);
    for (const done of items.splice(0)) {
      const creative = await cursor.take(done.nth);
      if (creative === undefined || done.isEmpty) continue;
      const added = copy.map(({ name, keeps, read }) => ({ name, keeps, value: read(creative) }));
      yield Buffer.from(take(done.start) + spliceItem(take(done.end), done, added), 'latin1');
    }
    yield Buffer.from(take(item === undefined ? Math.max(base, parsed) : item.start), 'latin1');
  }
  yield Buffer.from(text, 'latin1');
}

function spliceItem(
  text: string,
  item: Item,
  added: readonly { name: string; keeps: boolean; value: TableCell | DeclaredText }[],
): string {
  const at = (place: number): number => place - item.start;
  const first = item.children[0];
  const last = item.children.at(-1);
  const gap = first === undefined ? '' : text.slice(at(item.contentStart), at(first.start));
  const before = /^\s*$/u.test(gap) ? gap : '';
  let more = '';
  const edits: (Span & { text: string })[] = [];
  for (const { name, keeps, value } of added) {
    const elements = renderElements(name, value);
    const stood = item.children.filter((child) => child.name === name);
    const [one] = stood;
    if (one === undefined) more += elements.map((element) => before + element).join('');
    else if (!keeps || stood.every(({ isEmpty }) => isEmpty)) {
      edits.push({ start: at(one.start), end: at(one.end), text: elements.join(before) });
      for (const { start, end } of stood.slice(1)) edits.push({ start: at(start), end: at(end), text: '' });
    }
  }
  const end = at(last?.end ?? item.contentStart);
  edits.push({ start: end, end, text: more });
  let out = text;
  for (const edit of edits.toSorted((a, b) => b.start - a.start))
    out = out.slice(0, edit.start) + edit.text + out.slice(edit.end);
  return out;
}

/** A list is an element each; what is absent is none. */
function renderElements(name: string, value: TableCell | DeclaredText): string[] {
  if (value === null) return [];
  const wrap = (inside: string, tag = name): string => `<${tag}>${inside}</${tag}>`;
  if (typeof value !== 'object') return [wrap(escapeText(String(value)))];
  if (!('writer' in value)) return value.map((text) => wrap(escapeText(text)));
  const prefix = merchantPrefix(name);
  return [
    wrap(
      wrap(value.writer, `${prefix}digital_source_type`) + wrap(escapeText(value.text), `${prefix}content`),
    ),
  ];
}

/** In ASCII, which every encoding has, and without what XML 1.0 has no way to write. */
export function escapeText(text: string): string {
  let out = '';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const isControl = code < 0x20 && char !== '\n' && char !== '\t' && char !== '\r';
    if (isControl || code === 0xfffe || code === 0xffff || (code >= 0xd800 && code <= 0xdfff)) continue;
    out += ESCAPED[char] ?? (code < 0x7f ? char : `&#${code};`);
  }
  return out;
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
