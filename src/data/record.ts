/** One product record, and the check that every row from outside passes before it becomes one. */
import { RECORD_FIELDS, type FieldRule, type RecordField } from '../core/config/index.ts';
import { findUnprintable } from '../core/plain-text.ts';
import { createNumberEvidence } from './values/numbers.ts';
import { createTimeEvidence } from './values/times.ts';

type Fields = typeof RECORD_FIELDS;
interface Values {
  text: string;
  number: number | null;
  /** ISO 8601, UTC. */
  time: string | null;
  texts: readonly string[];
  pairs: Readonly<Record<string, string>>;
}
type LaterField = { [F in RecordField]: Fields[F] extends { isLater: true } ? F : never }[RecordField];

/**
 * A field that the source does not have is '' (texts) or null (numbers, time); of those added later it is
 * absent. `price` is above 0; `rating` is on the scale of its source, and only the label rule reads it; rows
 * of one `group` stay on one side of a split.
 */
export type ProductRecord = {
  [F in Exclude<RecordField, LaterField>]: Values[Fields[F]['kind']];
} & { [F in LaterField]?: Values[Fields[F]['kind']] };

export type Label = 0 | 1;

export interface LabelledRecord extends ProductRecord {
  label: Label;
}

/** Why a row was refused. */
export interface Fault {
  field: string;
  /** What stood there, shortened. */
  value: string;
  reason: string;
}

export const MAX_DESCRIPTION_CHARS = RECORD_FIELDS.description.maxChars;
const MAX_TAGS = 200;

const NO_TEXT: Fault = { field: 'description', value: '', reason: 'title and description are both empty' };

const RULES = Object.entries<FieldRule>(RECORD_FIELDS);

/**
 * A record, or what is wrong with the first faulty field. `raw` holds text, numbers, lists or null per field;
 * missing ones are empty.
 * @param lenient fields whose faults empty them in place of refusing the row
 * @param isTextNeeded false for ratings without words, which teach nothing but count
 */
export function parseRecord(
  raw: Readonly<Record<string, unknown>>,
  lenient: ReadonlySet<string> = new Set(),
  isTextNeeded = true,
): { record: ProductRecord; emptied?: string[] } | { fault: Fault } {
  const record: Record<string, unknown> = {};
  const emptied: string[] = [];
  for (const [field, rule] of RULES) {
    const given = raw[field];
    if (rule.isLater === true && (given === undefined || given === null || given === '')) continue;
    const read = readField(field, rule, given);
    if ('value' in read) {
      if (rule.isLater !== true || !isEmpty(read.value)) record[field] = read.value;
      continue;
    }
    if (!lenient.has(field)) return { fault: { field, value: shorten(given), reason: read.reason } };
    emptied.push(field);
    if (rule.isLater !== true) record[field] = rule.kind === 'text' ? '' : null;
  }
  if (isTextNeeded && record['title'] === '' && record['description'] === '') return { fault: NO_TEXT };
  return { record: record as ProductRecord, ...(emptied.length > 0 && { emptied }) };
}

type Read = { value: unknown } | { reason: string };

function readField(field: string, { kind, maxChars }: FieldRule, given: unknown): Read {
  switch (kind) {
    case 'text':
      return readText(given, maxChars);
    case 'number': {
      const number = toNumberOrNull(given);
      if (number !== null && (typeof number !== 'number' || !Number.isFinite(number)))
        return { reason: 'must be a number' };
      return field === 'price' && number !== null && number <= 0
        ? { reason: 'must be above 0' }
        : { value: number };
    }
    case 'time':
      return readTime(given);
    case 'texts':
      if (!Array.isArray(given)) return { reason: 'must be a list' };
      if (given.length > MAX_TAGS) return { reason: `must be at most ${MAX_TAGS}` };
      return readAll(given, maxChars) ?? { value: given };
    case 'pairs':
      if (typeof given !== 'object' || given === null) return { reason: 'must be names with values' };
      return readAll(Object.values(given), maxChars) ?? { value: given };
  }
}

function readAll(texts: readonly unknown[], maxChars: number): { reason: string } | undefined {
  return texts.map((text) => readText(text, maxChars)).find((read) => 'reason' in read);
}

function readText(given: unknown, maxChars: number): Read {
  if (given === undefined || given === null) return { value: '' };
  const text = typeof given === 'number' || typeof given === 'boolean' ? String(given) : given;
  if (typeof text !== 'string') return { reason: 'must be text' };
  const trimmed = text.trim();
  if (trimmed.length > maxChars) return { reason: `must have at most ${maxChars} characters` };
  const reason = findUnprintable(trimmed);
  return reason === undefined ? { value: trimmed } : { reason };
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === null) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** A value as one printable line of at most 80 characters. */
export function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const head = text.slice(0, 80).toWellFormed();
  // eslint-disable-next-line no-control-regex
  const printable = head.replaceAll(/[\u0000-\u001f\u007f]/g, (char) => `\\x${hex(char)}`);
  return text.length > 80 ? `${printable}… (${text.length} characters)` : printable;
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0');
}

/** A number by itself; columns of them are read with what the column tells (`values/numbers.ts`). */
function toNumberOrNull(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return value;
  const read = createNumberEvidence().read(value);
  return read === null ? null : 'fault' in read ? value : read.value;
}

/** Nothing is observed, so that every time is read by itself. */
const BY_ITSELF = createTimeEvidence();

function readTime(given: unknown): Read {
  if (given === undefined || given === null) return { value: null };
  const read = BY_ITSELF.read(typeof given === 'string' ? given : JSON.stringify(given));
  if (read === null) return { value: null };
  return 'fault' in read ? { reason: read.fault } : { value: read.iso };
}
