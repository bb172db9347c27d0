/** Values of a row by the name of their column, or by a path into nested records: `variants.0.price`. */
import { isJsonObject } from '../../core/json-object.ts';
import { normaliseName } from '../platform/recognise.ts';

export type Values = Readonly<Record<string, unknown>>;

export function lookUp(values: Values, reference: string): unknown {
  if (Object.hasOwn(values, reference)) return values[reference];
  if (!reference.includes('.')) return undefined;
  let node: unknown = values;
  for (const part of reference.split('.')) node = step(node, part);
  return node;
}

function step(node: unknown, part: string): unknown {
  if (Array.isArray(node))
    return /^\d{1,4}$/u.test(part) ? (node as unknown[])[Number(part)] : step(node[0], part);
  // A list of one element is one element in XML.
  if (!isJsonObject(node)) return undefined;
  if (Object.hasOwn(node, part)) return node[part];
  if (part === '0') return node;
  const key = Object.keys(node).find((name) => normaliseName(name) === part);
  return key === undefined ? undefined : node[key];
}

/**
 * As one text: lists line by line, of an element with attributes its text, nothing of what is nested deeper.
 */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (Array.isArray(value))
    return value
      .map(toText)
      .filter((text) => text !== '')
      .join('\n');
  return '';
}

/** `{$numberInt: "12"}`, as MongoDB exports what JSON has no form for. */
function unwrap(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  const [key = '', ...more] = Object.keys(value);
  return more.length === 0 && /^\$(?:number|date|oid)/iu.test(key) ? unwrap(value[key]) : value;
}

/** Of an object the part that has one of these names, in normal form; of a list that of each element. */
export function takePart(found: unknown, names: readonly string[]): unknown {
  const given = unwrap(found);
  // A connection of GraphQL is a list.
  const edges: unknown = isJsonObject(given) ? (given['edges'] ?? given['nodes']) : undefined;
  const value = Array.isArray(edges)
    ? edges.map((edge: unknown) => (isJsonObject(edge) ? (edge['node'] ?? edge) : edge))
    : given;
  if (Array.isArray(value)) return value.map((element) => takePart(element, names));
  if (!isJsonObject(value)) return value;
  for (const name of names) {
    const key = Object.keys(value).find((known) => normaliseName(known) === name);
    if (key !== undefined && isFilled(value[key]) && typeof value[key] !== 'object') return value[key];
  }
  return value;
}

export function isFilled(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  return typeof value === 'string' ? value.trim() !== '' : !Array.isArray(value) || value.length > 0;
}

/** What belongs to others or to the page: a name or a text there is none of the product's. */
const ASIDE =
  /^(?:brand|vendor|manufacturer|maker|seller|author|reviewer|user|customer|categor|collection|image|img|photo|media|video|review|shipping|delivery|related|seo|meta|dimension|weight|inventory|stock|attribute|option|spec|aspect|link|store|shop|address|tax|breadcrumb|header|sender|supplier|dates?$|rating)/iu;
const MAX_PATH_DEPTH = 6;

/** Paths to what lies deeper in a record, `item_data.name`: of a list its first element. */
export function listPaths(value: Values, before = '', depth = 1): string[] {
  return Object.entries(value).flatMap(([key, given]) => {
    const inner: unknown = Array.isArray(given) ? (given as unknown[])[0] : given;
    const path = `${before}${key}`;
    const own = before === '' ? [] : [path];
    if (!isJsonObject(inner) || depth >= MAX_PATH_DEPTH) return own;
    const isMoney = Object.keys(inner).some((name) => /^currency/iu.test(name));
    return isMoney || ASIDE.test(key) ? own : [...own, ...listPaths(inner, `${path}.`, depth + 1)];
  });
}

const LANGUAGE = /^(?:[a-z]{2,3}(?:[-_][a-z]{2,4})?|x-default|default)$/iu;
/** `max` and `ops` are no languages, and an id is none. */
const TWO_LETTERS = /^(?!id$)[a-z]{2}(?:[-_][a-z]{2,4})?$/iu;
const PREFERRED = /^(?:x-default|default|en(?:[-_][a-z]{2,4})?)$/iu;

/** The text of one language where an object holds it in several: `{en, de}`, `{language: [...]}`. */
export function takeLanguage(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  if ('language' in value) {
    const { language } = value;
    return Array.isArray(language) ? (language as unknown[]).find(isFilled) : language;
  }
  const keys = Object.keys(value).filter((key) => isFilled(value[key]));
  const isByLanguage = keys.every((key) =>
    typeof value[key] === 'string' ? LANGUAGE.test(key) : !Array.isArray(value[key]) && TWO_LETTERS.test(key),
  );
  if (keys.length === 0 || !isByLanguage) return value;
  return value[keys.find((key) => PREFERRED.test(key)) ?? keys[0] ?? ''];
}
