/**
 * Reports of what became of texts, row by row: each is stored by itself or refused with its line and reason.
 * Nothing is counted twice, so that a file whose import was stopped is sent again as a whole. Memory does not
 * grow with the file.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, toError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import { plainText } from '../core/plain-text.ts';
import { FEEDBACK_OUTCOMES, type Db } from '../db/index.ts';
import { recordFeedback, type Feedback } from './feedback.ts';
import { MAX_DESCRIPTION_CHARS, shorten, type Fault } from './record.ts';
import { createRefusals, type RefusedRow } from './refusals.ts';
import { openTable } from './format/open-table.ts';
import { isToolReport, readToolReport } from './feedback-reports.ts';
import type { SourceFormat, SourceRow } from './format/table.ts';
import { inGroups } from './table/rows.ts';
import { recordCounts, type TextCounts } from './text-counts.ts';
import { readTextId, type TextPlace } from './text-id.ts';

export type FeedbackFile =
  | { kind: 'file'; path: string }
  | { kind: 'bytes'; body: AsyncIterable<Uint8Array>; name: string; format?: SourceFormat | undefined };

export interface FeedbackImportOptions {
  /** Of rows that name no source: the report's name. */
  source: string;
  /** Whether every row may be less than what was counted before. */
  isRestated: boolean;
  now: Date;
  /** Of rows of a tool's report that name none. */
  day?: string | undefined;
  signal?: AbortSignal;
  onProgress?: (rows: number) => void;
  /** Called before what is told of them is stored: some may have to be stored first. */
  prepare?: (predictionIds: readonly string[]) => Promise<void>;
}

export interface FeedbackImport {
  /** Read, refused ones included. */
  rows: number;
  new: number;
  replaced: number;
  unchanged: number;
  refused: number;
  /** The first thousand. */
  refusedRows: RefusedRow[];
  /** The commonest reasons, each with the first row that it refused. */
  reasons: string[];
}

const GROUP_ROWS = 1000;
const TEXT_COLUMNS = ['text_id', 'utm_content', 'prediction_id'];
const REFUSED_KEPT = 1000;
const MAX_COUNT = 2 ** 31 - 1;
const MAX_REVENUE = 1e12;
const MAX_SOURCE_CHARS = 100;

export const countField = z.int().min(0).max(MAX_COUNT);
export const revenueField = z.number().min(0).max(MAX_REVENUE);
export const currencyField = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be a currency of three capital letters, as in EUR');
export const sourceField = plainText(MAX_SOURCE_CHARS).refine((text) => text.trim() !== '', 'is blank');

/** `2026-11-30`, or `20261130` as some reports have it. @returns undefined for no day of the calendar */
export function readDay(text: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(-?)(\d\d)\2(\d\d)$/.exec(text)?.filter((_, i) => i !== 2) ?? [];
  const iso = `${year}-${month}-${day}`;
  const time = Date.parse(`${iso}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== iso ? undefined : iso;
}

export function isFuture(day: string, now: Date): boolean {
  return day > now.toISOString().slice(0, 10);
}

/**
 * @throws AppError for a file that cannot be read at all, and what the database throws; rows that were stored
 *   before stay stored
 */
export async function importFeedback(
  db: Db,
  file: FeedbackFile,
  options: FeedbackImportOptions,
): Promise<FeedbackImport> {
  const rows = await openReport(file, options.day);
  const result = { rows: 0, new: 0, replaced: 0, unchanged: 0, refused: 0 };
  const refusals = createRefusals();
  const refusedRows: RefusedRow[] = [];
  let refusedNow: RefusedRow[] = [];
  const refuse = (line: number, fault: Fault): void => void refusedNow.push({ line, ...fault });
  for await (const group of inGroups(rows, GROUP_ROWS)) {
    options.signal?.throwIfAborted();
    const counted: { line: number; counts: TextCounts }[] = [];
    const told = group.map((row) => ({ line: row.line, read: readRow(row, options) }));
    await options.prepare?.(
      told.flatMap(({ read }) =>
        'fault' in read ? [] : [(read.counts ?? read.verdict)?.predictionId ?? ''],
      ),
    );
    for (const { line, read } of told) {
      if ('fault' in read) {
        refuse(line, read.fault);
        continue;
      }
      if (read.counts !== undefined) counted.push({ line, counts: read.counts });
      if (read.verdict === undefined) continue;
      const stored = await storeVerdict(db, read.verdict);
      if ('fault' in stored) refuse(line, stored.fault);
      else if (read.counts === undefined) result[stored.isNew ? 'new' : 'unchanged'] += 1;
    }
    const results = await recordCounts(
      db,
      counted.map(({ counts }) => counts),
    );
    results.forEach((stored, i) => {
      if (stored.kind === 'refused') refuse(counted[i]?.line ?? 0, stored.fault);
      else result[stored.kind] += 1;
    });
    // What the database refuses is known after what the rows themselves tell.
    for (const row of refusedNow.toSorted((a, b) => a.line - b.line)) {
      refusals.add(row);
      if (refusedRows.length < REFUSED_KEPT) refusedRows.push(row);
    }
    result.refused += refusedNow.length;
    refusedNow = [];
    result.rows += group.length;
    options.onProgress?.(result.rows);
  }
  return { ...result, refusedRows, reasons: refusals.describe() };
}

/** Exported for its test. A report of ours by its columns' names, or what a tool exports. */
export async function openReport(
  file: FeedbackFile,
  day: string | undefined,
): Promise<AsyncIterable<SourceRow>> {
  const table =
    file.kind === 'file'
      ? await openTable(await openFile(file.path), { name: file.path, named: [] })
      : await openTable(file.body, { ...file, named: [] });
  const names = table.columns?.map(columnName);
  const isOurs =
    names === undefined ||
    names.includes('text_id') ||
    names.includes('prediction_id') ||
    (names.includes('utm_content') && (names.includes('day') || names.includes('date')));
  if (!isOurs && isToolReport(table)) return readToolReport(table, day);
  if (!isOurs && !names.some((name) => TEXT_COLUMNS.includes(name)))
    throw new AppError(
      'bad-data',
      `the report has no column ${TEXT_COLUMNS.join(', ')}, and no tool is known that writes it; its columns are ${names.slice(0, 20).join(', ')}`,
    );
  return table.read();
}

async function openFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new AppError('not-found', `there is no file ${path} (${toError(cause).message})`, { cause });
  });
  if (!info.isFile()) throw new AppError('invalid-input', `${path} is not a file`);
  return createReadStream(path, { highWaterMark: 1 << 18 });
}

/** `Utm content` of a report is `utm_content`. */
const columnName = (column: string): string =>
  column
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');

type ReadRow = { fault: Fault } | { counts?: TextCounts; verdict?: Feedback };

const NUMBERS = ['impressions', 'clicks', 'conversions', 'revenue', 'rating'] as const;
const rowSchema = z.object({
  impressions: countField.optional(),
  clicks: countField.optional(),
  conversions: countField.optional(),
  revenue: revenueField.optional(),
  rating: z.number().min(-1e9).max(1e9).optional(),
  currency: currencyField.optional(),
  source: sourceField.optional(),
  outcome: z.enum(FEEDBACK_OUTCOMES).optional(),
  edited_text: plainText(MAX_DESCRIPTION_CHARS)
    .refine((text) => text.trim() !== '', 'is blank')
    .optional(),
  restated: z.boolean().optional(),
});

function readRow(row: SourceRow, options: FeedbackImportOptions): ReadRow {
  if ('fault' in row) return row;
  const cells: Record<string, unknown> = {};
  // Empty cells are fields that the report does not have.
  for (const [column, value] of Object.entries(row.values))
    if (value !== null && value !== undefined && value !== '') cells[columnName(column)] = value;
  const given = cells['text_id'] ?? cells['utm_content'];
  const text = readText(given, cells['prediction_id']);
  if ('fault' in text) return text;
  for (const name of NUMBERS) cells[name] = toNumber(cells[name]);
  cells['restated'] = toBoolean(cells['restated']);
  const parsed = rowSchema.safeParse(cells);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = String(issue?.path[0] ?? 'row');
    return faultOf(field, cells[field], issue?.message ?? 'is refused');
  }
  const { impressions, clicks, conversions, revenue, rating, currency, outcome, restated, ...rest } =
    parsed.data;
  const isCounted = [impressions, clicks, conversions, revenue].some((count) => count !== undefined);
  if ((outcome === 'edited') !== (rest.edited_text !== undefined))
    return faultOf('edited_text', rest.edited_text, 'is given when, and only when, the outcome is edited');
  if (!isCounted && outcome === undefined && rating === undefined)
    return faultOf('row', '', 'tells nothing: give impressions, an outcome or a rating');
  const read: { counts?: TextCounts; verdict?: Feedback } = {};
  if (isCounted) {
    if (impressions === undefined) return faultOf('impressions', '', 'are missing beside what they led to');
    const fault = findRevenueFault(revenue, currency);
    if (fault !== undefined) return fault;
    const dayCell = cells['day'] ?? cells['date'];
    const day = readDay(textOf(dayCell));
    if (day === undefined) return faultOf('day', dayCell, 'must be a day, as in 2026-11-30');
    if (isFuture(day, options.now)) return faultOf('day', dayCell, 'is in the future (UTC)');
    read.counts = {
      ...text.place,
      source: rest.source ?? options.source,
      day,
      impressions,
      clicks: clicks ?? null,
      conversions: conversions ?? null,
      revenue: revenue ?? null,
      currency: currency ?? null,
      isRestated: restated ?? options.isRestated,
    };
  }
  if (outcome !== undefined || rating !== undefined) {
    const told = { outcome: outcome ?? null, editedText: rest.edited_text ?? null, rating: rating ?? null };
    const { predictionId, ...place } = text.place;
    // Of the content, so that a file that is sent again tells nothing new.
    const idempotencyKey = `import-${sha256Hex(JSON.stringify(told)).slice(0, 32)}`;
    read.verdict = { predictionId, text: place, idempotencyKey, clicks: null, impressions: null, ...told };
  }
  return read;
}

function readText(textId: unknown, predictionId: unknown): { place: TextPlace } | { fault: Fault } {
  if (textId === undefined) {
    const id = textOf(predictionId);
    if (!/^[0-9a-f]{32}$/.test(id)) return faultOf('text_id', predictionId, 'is missing');
    return { place: { predictionId: id, field: 'ad_copy', place: 0 } };
  }
  const place = readTextId(textOf(textId).trim());
  if (place === undefined) return faultOf('text_id', textId, 'is no text id of an answer');
  if (predictionId !== undefined && place.predictionId !== predictionId)
    return faultOf('text_id', textId, `is of another prediction than ${textOf(predictionId)}`);
  return { place };
}

export function findRevenueFault(
  revenue: number | undefined,
  currency: string | undefined,
): { fault: Fault } | undefined {
  if (revenue !== undefined && currency === undefined)
    return faultOf('currency', '', `is missing beside the revenue of ${revenue}`);
  if (revenue === undefined && currency !== undefined)
    return faultOf('currency', currency, 'stands without a revenue');
  return undefined;
}

async function storeVerdict(db: Db, verdict: Feedback): Promise<{ isNew: boolean } | { fault: Fault }> {
  try {
    return await recordFeedback(db, verdict);
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.traits.httpStatus >= 500) throw thrown;
    return faultOf('text_id', verdict.predictionId, thrown.message);
  }
}

function faultOf(field: string, value: unknown, reason: string): { fault: Fault } {
  return { fault: { field, value: shorten(value ?? ''), reason } };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Tables hold text alone; anything but a plain number stays as it is, and is refused. */
function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\s*-?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
}

function toBoolean(value: unknown): unknown {
  if (value === 'true' || value === '1') return true;
  return value === 'false' || value === '0' ? false : value;
}
