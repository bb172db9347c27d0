/** One product record, and the check that every row from outside passes before it becomes one. */
import { z } from 'zod';
import { findUnprintable } from '../core/plain-text.ts';

export const MAX_TITLE_CHARS = 1000;
export const MAX_DESCRIPTION_CHARS = 10_000;
export const MAX_SHORT_CHARS = 200;

/** A field that the source does not have is '' (texts) or null (numbers, time). */
export interface ProductRecord {
  id: string;
  title: string;
  category: string;
  description: string;
  /** Above 0. */
  price: number | null;
  /** On the scale of its source: only the label rule reads it. */
  rating: number | null;
  /** ISO 8601, UTC. */
  timestamp: string | null;
}

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

const shortText = singleText(MAX_SHORT_CHARS);
const optionalNumber = z.preprocess(toNumberOrNull, z.number('must be a number').nullable());

export const recordSchema = z
  .object({
    id: z.preprocess(toText, shortText),
    title: z.preprocess(toText, singleText(MAX_TITLE_CHARS)),
    category: z.preprocess(toText, shortText),
    description: z.preprocess(toText, singleText(MAX_DESCRIPTION_CHARS)),
    price: optionalNumber.refine((price) => price === null || price > 0, 'must be above 0'),
    rating: optionalNumber,
    timestamp: z.preprocess(
      toIsoTime,
      z.string('must be a time: ISO 8601, or seconds or milliseconds since 1970').nullable(),
    ),
  })
  .refine((record) => record.title !== '' || record.description !== '', {
    path: ['description'],
    message: 'title and description are both empty',
  });

/** A record, or what is wrong with the first faulty field. `raw` holds text, numbers or null per field; missing ones are empty. */
export function parseRecord(
  raw: Readonly<Record<string, unknown>>,
): { record: ProductRecord } | { fault: Fault } {
  const parsed = recordSchema.safeParse(raw);
  if (parsed.success) return { record: parsed.data };
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? 'record');
  return { fault: { field, value: shorten(raw[field]), reason: issue?.message ?? 'is no record' } };
}

/** A value as one printable line of at most 80 characters. */
export function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const head = text.slice(0, 80).toWellFormed();
  // eslint-disable-next-line no-control-regex
  const printable = head.replaceAll(/[\u0000-\u001f\u007f]/g, (char) => `\\x${hex(char)}`);
  return text.length > 80 ? `${printable}… (${text.length} characters)` : printable;
}

function singleText(maxChars: number) {
  return z
    .string('must be text')
    .max(maxChars, `must have at most ${maxChars} characters`)
    .superRefine((text, context) => {
      const reason = findUnprintable(text);
      if (reason !== undefined) context.addIssue({ code: 'custom', message: reason });
    });
}

function hex(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0');
}

function toText(value: unknown): unknown {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.trim() : value;
}

function toNumberOrNull(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (text === '') return null;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : value;
}

/** Times without a zone count as UTC, so that the same file gives the same records everywhere. */
function toIsoTime(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  const text = typeof value === 'string' ? value.trim() : JSON.stringify(value);
  if (text === '') return null;
  const parsed = parseTimeMs(text);
  // Years beyond 9999 are numbers in the wrong unit.
  return parsed !== undefined && Math.abs(parsed) < 253_402_300_800_000 ? new Date(parsed).toISOString() : 0;
}

function parseTimeMs(text: string): number | undefined {
  if (/^\d{1,14}(\.\d+)?$/.test(text)) {
    const count = Number(text);
    return count > 1e11 ? count : count * 1000;
  }
  const match =
    /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  if (match === null) return undefined;
  const zone = (match[3] ?? 'Z').toUpperCase();
  const ms = Date.parse(`${match[1]}T${match[2] ?? '00:00'}${zone}`);
  return Number.isNaN(ms) ? undefined : ms;
}
