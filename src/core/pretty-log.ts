/**
 * A log line for people: `2026-11-28T09:00:00.000Z warn templates wrote writer=openai`, and below it the
 * stack of an error.
 */
import { pino } from 'pino';
import { isJsonObject, type JsonObject } from './json-object.ts';

const CONTROL = /\p{Cc}/gu;
const BARE = /^[^\s"={}]+$/u;

/** @param json one line as pino writes it */
export function renderPretty(json: string): string {
  const { time, level, ...fields } = JSON.parse(json) as JsonObject;
  const name = pino.levels.labels[Number(level)] ?? String(level);
  return `${`${String(time)} ${name.padEnd(5)} ${renderFields(fields)}`.trimEnd()}\n`;
}

/** A line without its time and level: the message, the fields, and below it the stack of an error. */
export function renderFields({ msg, err, ...fields }: JsonObject): string {
  const { stack, ...error } = isJsonObject(err) ? err : { stack: undefined };
  const shown = Object.entries(isJsonObject(err) ? { ...fields, ...prefixed('err', error) } : fields);
  const line = [
    clean(typeof msg === 'string' ? msg : ''),
    ...shown.map(([key, value]) => `${clean(key)}=${renderValue(value)}`),
  ].join('  ');
  if (typeof stack !== 'string') return line;
  return [line, ...stack.split('\n').map((row) => `    ${clean(row.trim())}`)].join('\n');
}

function prefixed(prefix: string, object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [`${prefix}.${key}`, value]));
}

function renderValue(value: unknown): string {
  if (typeof value === 'string' && BARE.test(value)) return clean(value);
  return clean(JSON.stringify(value));
}

/** What was logged may come from a request: nothing in it may steer the terminal. */
function clean(text: string): string {
  return text.replaceAll(CONTROL, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`);
}
