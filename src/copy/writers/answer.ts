/**
 * How the answer of a language model is read: thoughts, remarks and other objects around what was asked for
 * cost nothing.
 */
import { AppError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json-object.ts';
import { tidyProposal } from './prompt.ts';
import type { FieldRequest } from './writer.ts';

/**
 * The texts of an answer, per field, from the first whole JSON object that holds any of them, wherever it
 * stands. A field that is missing or null gives an empty list. Takes time in proportion to the answer's
 * length, whatever it holds.
 *
 * @throws AppError `unavailable` when there is no such object
 */
export function parseAnswer(answer: string, fields: readonly FieldRequest[]): string[][] {
  const said = withoutThoughts(answer);
  let objects = 0;
  for (const json of findObjects(said)) {
    const document = parse(json);
    if (document === undefined) continue;
    objects += 1;
    const found = findTexts(document, fields);
    if (found !== undefined) return found;
  }
  if (objects > 0)
    throw new AppError('unavailable', 'the answer is JSON, but does not map field names to texts');
  throw new AppError(
    'unavailable',
    `the answer is no JSON object; it begins ${JSON.stringify(answer.slice(0, 80))}`,
  );
}

const THOUGHT = /<(\/?)(?:think|thinking|thought|reasoning)>/giu;

/**
 * Thoughts stand before the answer, in tags; some servers swallow the opening one, and a model that was cut
 * off never closes it.
 */
function withoutThoughts(answer: string): string {
  let said = '';
  let at = 0;
  let depth = 0;
  for (const tag of answer.matchAll(THOUGHT)) {
    const closes = tag[1] === '/';
    if (depth === 0) said = closes ? '' : said + answer.slice(at, tag.index);
    depth = closes ? Math.max(0, depth - 1) : depth + 1;
    at = tag.index + tag[0].length;
  }
  return depth === 0 ? said + answer.slice(at) : said;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Texts of the first object in `value`, the outer before the inner, that holds one for any of the fields. */
function findTexts(value: unknown, fields: readonly FieldRequest[]): string[][] | undefined {
  if (Array.isArray(value)) return firstOf(value, fields);
  if (!isJsonObject(value)) return undefined;
  const texts = fields.map(({ name }) =>
    (Object.hasOwn(value, name) ? listTexts(value[name]) : []).map(tidyProposal),
  );
  return texts.some((list) => list.length > 0) ? texts : firstOf(Object.values(value), fields);
}

function firstOf(values: readonly unknown[], fields: readonly FieldRequest[]): string[][] | undefined {
  for (const value of values) {
    const found = findTexts(value, fields);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * One text, a list of them, or of objects that hold each as `text`; anything else between them is passed
 * over.
 */
function listTexts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (typeof item === 'string') return [item];
    return isJsonObject(item) && typeof item['text'] === 'string' ? [item['text']] : [];
  });
}

/** Deeper objects are no answers, and each level takes room on the stack. */
const MAX_DEPTH = 64;
const SPACE = /[ \t\r\n]*/y;
const TEXT = /"(?:[^"\\]|\\.)*"/sy;
const PLAIN = /true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/**
 * The outermost whole objects, as they come. A brace is tried once: one that was met inside another object
 * ends, or fails, there as it would by itself, so that no text is walked over again and again.
 */
function* findObjects(text: string): Generator<string> {
  /** Of each brace that was tried: where its object ends, -1 when it is not whole. */
  const ends = new Int32Array(text.length);

  const skip = (pattern: RegExp, at: number): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  /** Where the value at `start` ends; -1 when it is not whole. */
  const endOfValue = (start: number, depth: number): number => {
    switch (text.charAt(start)) {
      case '{':
        return endOfObject(start, depth);
      case '[':
        return endOfList(start, depth);
      case '"':
        return skip(TEXT, start);
      default:
        return skip(PLAIN, start);
    }
  };
  const endOfObject = (start: number, depth: number): number => {
    const known = ends[start];
    if (known !== undefined && known !== 0) return known;
    const end = endOfItems(start, depth, '}', (at) => {
      const colon = skip(SPACE, skip(TEXT, at));
      return text[at] === '"' && text[colon] === ':' ? skip(SPACE, colon + 1) : -1;
    });
    ends[start] = end;
    return end;
  };
  const endOfList = (start: number, depth: number): number => endOfItems(start, depth, ']', (at) => at);
  const endOfItems = (
    start: number,
    depth: number,
    closing: string,
    toValue: (at: number) => number,
  ): number => {
    if (depth > MAX_DEPTH) return -1;
    let at = skip(SPACE, start + 1);
    if (text[at] === closing) return at + 1;
    for (;;) {
      const value = toValue(at);
      const end = value < 0 ? -1 : endOfValue(value, depth + 1);
      if (end < 0) return -1;
      at = skip(SPACE, end);
      if (text[at] === closing) return at + 1;
      if (text[at] !== ',') return -1;
      at = skip(SPACE, at + 1);
    }
  };

  for (let start = text.indexOf('{'); start >= 0;) {
    const end = endOfObject(start, 0);
    if (end >= 0) yield text.slice(start, end);
    start = text.indexOf('{', Math.max(end, start + 1));
  }
}
