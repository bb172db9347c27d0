/**
 * Which platform wrote a table, told by its columns; and for tables that none wrote, which of their columns
 * mean what.
 */
import { MAPPABLE_FIELDS, type RecordField } from '../../core/config/index.ts';
import { currencyOfName } from '../values/numbers.ts';
import { COLUMN_WORDS } from './column-words.ts';
import type { Platform } from './platform.ts';
import { REPORT_WORDS, REPORTS } from './reports.ts';
import { REVIEWS } from './reviews.ts';
import { SHOPS } from './shops.ts';

/** The first that fits is taken. */
const PLATFORMS: readonly Platform[] = [...SHOPS, ...REVIEWS, ...REPORTS];

/** How a table was read, as far as programs differ in it: a part of its `Layout`. */
interface Form {
  format: string;
  encoding: string;
  delimiter: string | null;
  marks: readonly string[];
}

export interface Recognised {
  platform: Platform;
  /** Whether it is a platform's export, not a table of somebody's own whose columns have telling names. */
  isPlatform: boolean;
}

/** Names as they are compared: lower case, `_` and white space alike, without the merchant's prefix. */
export function normaliseName(name: string): string {
  return (
    name
      .slice(0, 200)
      .toLowerCase()
      .replace(/^\*/u, '')
      // What Amazon's templates add: `item_name[language_tag=en_US]#1.value`.
      .replaceAll(/\[[a-z_]{1,40}=[^\]]{0,60}\]|#\d{1,3}(?:\.value(?=$))?/gu, '')
      .replace(/^g:/u, '')
      .replaceAll(/(?<=[\p{L}\p{N}])[_-](?=[\p{L}\p{N}])|[\s_]+/gu, ' ')
      .trim()
  );
}

const ENGLISH = new Map(
  Object.entries(REPORT_WORDS).flatMap(([english, words]) =>
    words.map((word) => [normaliseName(word), english] as const),
  ),
);

/** Names that a column may be known by: its own, and that of an English report. */
export function listNames(column: string): string[] {
  const own = normaliseName(column);
  const english = ENGLISH.get(own);
  return english === undefined ? [own] : [own, english];
}

const MAX_NAMES = 4096;
let knownNames: ReadonlySet<string> | undefined;

/** How many of the cells of a line are names of columns that exports have. */
export function countKnownNames(cells: readonly string[]): number {
  knownNames ??= new Set(
    [
      ...PLATFORMS.flatMap(({ has, fields, metrics = {} }) =>
        [has, Object.values(fields), Object.values(metrics)].flat(2),
      ),
      ...Object.values(COLUMN_WORDS).flatMap((words) => Object.values(words).flat()),
    ].map(normaliseName),
  );
  const names = new Set(cells.slice(0, MAX_NAMES).flatMap(listNames));
  // The names of one export say more than any number of names that any might have.
  const isExport = PLATFORMS.some((platform) => matches(platform, names, 'csv'));
  return [...names].filter((name) => knownNames?.has(name)).length + (isExport ? MAX_NAMES : 0);
}

export function recognise(columns: readonly string[], layout: Form): Recognised | undefined {
  const names = new Set(columns.flatMap(listNames));
  const known = PLATFORMS.find((platform) => matches(platform, names, layout.format));
  if (known !== undefined) return { platform: describe(known, layout), isPlatform: true };
  const own = readColumnWords(columns, layout);
  return own === undefined ? undefined : { platform: own, isPlatform: false };
}

function matches(
  { has, hasOne = [], lacks = [], formats }: Platform,
  names: ReadonlySet<string>,
  format: string,
): boolean {
  if (formats === undefined ? format === 'xml' : !formats.includes(format)) return false;
  const holds = (name: string): boolean =>
    name.endsWith('*') ? [...names].some((known) => known.startsWith(name.slice(0, -1))) : names.has(name);
  return has.every(holds) && hasOne.every((some) => some.some(holds)) && !lacks.some(holds);
}

/** The same feed comes in more than one form. */
function describe(platform: Platform, { format, marks, delimiter }: Form): Platform {
  let { name } = platform;
  if (name === 'Google Merchant RSS 2.0 feed' && marks[0] === 'feed') name = 'Google Merchant Atom feed';
  if (name.startsWith('Google Merchant Center') && delimiter !== '\t') {
    name = `Google Merchant Center feed (${format.toUpperCase()})`;
  }
  return name === platform.name ? platform : { ...platform, name };
}

/**
 * @returns undefined where neither a title nor a text can be told, or little else: two names among many say
 *   nothing
 */
function readColumnWords(columns: readonly string[], layout: Form): Platform | undefined {
  const names = new Map<string, string>();
  for (const column of columns.map(normaliseName).toReversed()) names.set(simplify(column), column);
  const languages = Object.entries(COLUMN_WORDS).map(([language, words]) => {
    const fields: Partial<Record<RecordField, readonly string[]>> = {};
    for (const field of MAPPABLE_FIELDS) {
      const found = (words[field] ?? []).map((word) => names.get(simplify(normaliseName(word))));
      const first = found.find((name) => name !== undefined);
      if (first !== undefined) fields[field] = [first];
    }
    return { language, fields };
  });
  const best = languages.reduce((a, b) =>
    Object.keys(b.fields).length > Object.keys(a.fields).length ? b : a,
  );
  // Some columns keep their English names in tables of any language.
  const english = languages[0]?.fields ?? {};
  const taken = new Set(Object.values(best.fields).flat());
  const fields = { ...best.fields };
  for (const field of MAPPABLE_FIELDS) {
    const word = english[field]?.[0];
    if (fields[field] === undefined && word !== undefined && !taken.has(word)) fields[field] = [word];
  }
  const known = Object.keys(fields).length;
  if (fields.title === undefined || fields.description === undefined) return undefined;
  if (known < 4 && known < columns.length) return undefined;
  return { name: nameOf(best.language, layout), kind: 'products', has: [], fields };
}

/** Without accents, and without the currency that a price is in: `Prix (EUR)`, `price_usd`. */
function simplify(name: string): string {
  const plain = name.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('’', "'");
  const currency = currencyOfName(plain);
  return currency === undefined ? plain : plain.replace(/[\s([]{1,3}(?:in )?[^\s([]{1,4}[)\]]?$/u, '');
}

function nameOf(language: string, { format, encoding, marks }: Form): string {
  const written = format === 'jsonl' ? 'JSON Lines' : format.toUpperCase();
  if (format === 'xlsx') return `Excel workbook with ${language} columns`;
  if (encoding.startsWith('utf-16')) return `Unicode text saved by ${language} Excel`;
  if ((format === 'csv' || format === 'tsv') && (marks.includes('sep=') || encoding === 'windows-1252')) {
    return `${written} saved by ${language} Excel`;
  }
  return `${written} with ${language} columns`;
}
