/**
 * Feeds of XML: the items of RSS and the entries of Atom, also a plain list of `product`, `item`, `offer`
 * elements. Streamed; entities that a file declares are never expanded, and nothing that it points to is
 * fetched.
 */
import { Parser } from 'htmlparser2';
import { AppError } from '../../core/errors.ts';
import type { OpenedBytes } from './open-bytes.ts';
import { MAX_ROW_BYTES, type SourceRow, type SourceTable } from './table.ts';

const RECORDS = new Set([
  'item',
  'entry',
  'product',
  'offer',
  'article',
  'record',
  'row',
  'review',
  'listing',
  'shopitem',
  'artikel',
  'produkt',
  'produit',
  'producto',
  'prodotto',
  'produto',
  'urun',
  'ürün',
  'товар',
  'goods',
  'o',
]);
const CURRENCY = /^@(?:currency|curr$)/iu;
const MAX_DEPTH = 64;

interface Element {
  name: string;
  text: string;
  /** With the language that an element names. */
  children: [string, unknown, string?][];
}

/**
 * @throws AppError `bad-data`, while reading, for entities of its own, a file that breaks off or is no XML,
 *   and one without items
 */
export function readXml(bytes: OpenedBytes, name: string): SourceTable {
  async function* read(): AsyncGenerator<SourceRow> {
    const rows: SourceRow[] = [];
    const open: string[] = [];
    const elements: Element[] = [];
    let count = 0;
    let line = 1;
    let itemLine = 1;
    let fault: AppError | undefined;
    let sizeChars = 0;
    /** An element that closes itself is closed by the parser too, as one is that nobody closed. */
    let justOpened = false;
    const fail = (what: string): void =>
      void (fault ??= new AppError('bad-data', `${name}: line ${line}: ${what}`));

    const parser = new Parser(
      {
        onprocessinginstruction: (_, data) => {
          if (/<!ENTITY/iu.test(data))
            fail('the file declares entities of its own, which are not expanded: remove its DOCTYPE');
        },
        onopentag: (tag, attributes) => {
          open.push(tag);
          justOpened = true;
          if (open.length > MAX_DEPTH) fail(`elements are nested deeper than ${MAX_DEPTH} levels`);
          const isRecord = elements.length === 0 && isRecordElement(tag, open.length);
          if (isRecord) {
            itemLine = line;
            sizeChars = 0;
          }
          if (isRecord || elements.length > 0) {
            const children = Object.entries(attributes).map(([key, value]): [string, unknown] => [
              `@${key}`,
              value,
            ]);
            elements.push({ name: tag, text: '', children });
          }
        },
        ontext: (text) => {
          justOpened = false;
          const element = elements.at(-1);
          if (element === undefined) return;
          element.text += text;
          sizeChars += text.length;
          if (sizeChars > MAX_ROW_BYTES)
            fail(
              `a record is larger than ${MAX_ROW_BYTES / 1024 / 1024} MiB, most of all in <${element.name}>: shorten it, or leave it out`,
            );
        },
        onclosetag: (tag, isImplied) => {
          const opened = open.pop();
          if ((isImplied && !justOpened) || opened !== tag)
            fail(`<${opened ?? tag}> is never closed: the file is cut short or no XML`);
          justOpened = false;
          const element = elements.pop();
          if (element === undefined) return;
          const parent = elements.at(-1);
          if (parent !== undefined) {
            parent.children.push([element.name, valueOf(element), languageOf(element)]);
            const currency = element.children.find(([key]) => CURRENCY.test(key));
            if (
              currency !== undefined &&
              !parent.children.some(([key]) => key === `${element.name}.@currency`)
            )
              parent.children.push([`${element.name}.@currency`, currency[1]]);
          } else {
            count += 1;
            rows.push({ line: itemLine, values: toValues(element.children) });
          }
        },
      },
      { xmlMode: true, decodeEntities: true },
    );
    const decoder = new TextDecoder('utf-8');
    for await (const chunk of bytes.chunks) {
      const text = decoder.decode(chunk, { stream: true });
      // A line at a time, so that faults and records know theirs.
      for (let at = 0; at < text.length;) {
        const end = text.indexOf('\n', at);
        const next = end === -1 ? text.length : end + 1;
        parser.write(text.slice(at, next));
        if (fault !== undefined) throw fault;
        if (end !== -1) line += 1;
        at = next;
      }
      yield* rows.splice(0);
    }
    if (open.length > 0)
      fail(`<${open.at(-1)}> is never closed: the file is cut short; fetch or export it once more`);
    parser.end();
    if (fault !== undefined) throw fault;
    yield* rows.splice(0);
    if (count === 0)
      throw new AppError(
        'bad-data',
        `${name} is XML without items: <item>, <entry> or <product> elements are read`,
      );
  }
  return {
    layout: {
      format: 'xml',
      encoding: bytes.encoding,
      packing: bytes.packing,
      delimiter: null,
      quote: null,
      headerLine: null,
      ignoredLines: [],
      marks: [findRoot(bytes.head)],
    },
    read,
  };
}

/** @param depth of the element; the outermost has 1 */
export function isRecordElement(tag: string, depth: number): boolean {
  return depth > 1 && RECORDS.has(localName(tag));
}

function valueOf({ text, children }: Element): unknown {
  if (children.every(([key]) => key.startsWith('@')))
    return text.trim() === '' ? (stated(children) ?? '') : text.trim();
  return toValues(children);
}

/** A link of Atom has its address in an attribute, and some feeds their prices. */
function stated(children: Element['children']): unknown {
  return children.find(([key]) => ['@href', '@value', '@amount'].includes(key.toLowerCase()))?.[1];
}

function languageOf({ children }: Element): string | undefined {
  const language = children.find(([key]) => key === '@xml:lang')?.[1];
  return typeof language === 'string' ? language : undefined;
}

/** A name that occurs more than once holds a list; in several languages, one of each, each by its own. */
function toValues(children: Element['children']): Record<string, unknown> {
  const values = new Map<string, { value: unknown; language: string | undefined }[]>();
  for (const [key, value, language] of children) {
    const list = values.get(key);
    if (list === undefined) values.set(key, [{ value, language }]);
    else list.push({ value, language });
  }
  return Object.fromEntries(
    [...values].map(([key, list]) => {
      if (list.length === 1) return [key, list[0]?.value];
      const languages = new Set(list.map(({ language }) => language));
      const isByLanguage = languages.size === list.length && !languages.has(undefined);
      return [
        key,
        isByLanguage
          ? Object.fromEntries(list.map(({ value, language = '' }) => [language, value]))
          : list.map(({ value }) => value),
      ];
    }),
  );
}

function localName(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1).toLowerCase();
}

/** `rss`, `feed` or what the outermost element is called. */
function findRoot(head: Buffer): string {
  return (
    /<([A-Za-z_][\w.:-]{0,60})/u.exec(head.toString('utf8').replaceAll(/<[?!][^>]{0,2000}>/gu, ''))?.[1] ?? ''
  );
}
