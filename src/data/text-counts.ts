/**
 * How often texts were shown and clicked, and what that earned: one row for each text, source and day. A row
 * that is sent again replaces the earlier one, as reports restate their days, so that nothing is counted
 * twice.
 */
import { sql } from 'kysely';
import type { Db } from '../db/index.ts';
import type { Fault } from './record.ts';
import { renderTextId, type TextPlace } from './text-id.ts';

export interface TextCounts extends TextPlace {
  /** Who counted: a report's name. Two sources of one text and day are added up. */
  source: string;
  /** YYYY-MM-DD. */
  day: string;
  impressions: number;
  clicks: number | null;
  conversions: number | null;
  revenue: number | null;
  /** ISO 4217, given with the revenue. */
  currency: string | null;
  /** Whether it may be less than what was counted before. */
  isRestated: boolean;
}

export type CountsResult =
  { kind: 'new' | 'replaced' | 'unchanged'; feedbackId: number } | { kind: 'refused'; fault: Fault };

/**
 * @returns one result for each row, in their order; a second row of the same text, source and day replaces
 *   the first
 */
export async function recordCounts(db: Db, rows: readonly TextCounts[]): Promise<CountsResult[]> {
  const results: CountsResult[] = [];
  await findFaults(db, rows, results);
  // A statement may not meet the same row twice, and rows in one order keep two imports from waiting for each
  // other.
  for (const round of intoRounds(rows, results)) {
    for (const isRestated of [false, true]) {
      const group = round.filter((index) => rows[index]?.isRestated === isRestated);
      if (group.length > 0) await store(db, rows, group, isRestated, results);
    }
  }
  return results;
}

async function findFaults(db: Db, rows: readonly TextCounts[], results: CountsResult[]): Promise<void> {
  const found = await sql<{ i: number; known: boolean; erased: boolean; returned: boolean }>`
    SELECT i, p.id IS NOT NULL AS known, e.id IS NOT NULL AS erased,
      (field = 'ad_copy' AND place = 0) OR p.response #> ARRAY['alternatives', field, place::text] IS NOT NULL AS returned
    FROM ${inputOf(rows, rows.keys())} LEFT JOIN predictions p ON p.id = prediction_id
      LEFT JOIN erased_predictions e ON e.id = prediction_id`.execute(db);
  for (const { i, known, erased, returned } of found.rows) {
    const row = rows[i];
    if (row === undefined) continue;
    if (!known) results[i] = refuse(row, 'text_id', describeUnknown(erased));
    else if (!returned)
      results[i] = refuse(row, 'text_id', `names no text that was returned or offered as ${row.field}`);
    else if (row.clicks !== null && row.clicks > row.impressions)
      results[i] = refuse(row, 'clicks', `is ${row.clicks}, more than the ${row.impressions} impressions`);
  }
  await findForeignCurrencies(db, rows, results);
}

/** The currency of a field is the first that came. */
async function findForeignCurrencies(
  db: Db,
  rows: readonly TextCounts[],
  results: CountsResult[],
): Promise<void> {
  const first = new Map<string, string>();
  rows.forEach(({ field, currency }, i) => {
    if (currency !== null && results[i] === undefined && !first.has(field)) first.set(field, currency);
  });
  if (first.size === 0) return;
  const values = [...first].map(([field, currency]) => ({ field, currency }));
  await db
    .insertInto('revenue_currencies')
    .values(values)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const kept = await db
    .selectFrom('revenue_currencies')
    .selectAll()
    .where('field', 'in', [...first.keys()])
    .execute();
  const currencyOf = new Map(kept.map(({ field, currency }) => [field, currency]));
  rows.forEach((row, i) => {
    const known = currencyOf.get(row.field);
    if (results[i] !== undefined || row.currency === null || row.currency === known) return;
    results[i] = refuse(row, 'currency', `is ${row.currency}, but ${row.field} is counted in ${known}`);
  });
}

/** Indices of the rows that are not refused; no round holds two of one text, source and day. */
function intoRounds(rows: readonly TextCounts[], results: readonly CountsResult[]): number[][] {
  const seen = new Map<string, number>();
  const rounds: number[][] = [];
  rows.forEach((row, i) => {
    if (results[i] !== undefined) return;
    const key = keyOf(row);
    const round = seen.get(key) ?? 0;
    seen.set(key, round + 1);
    (rounds[round] ??= []).push(i);
  });
  return rounds;
}

async function store(
  db: Db,
  rows: readonly TextCounts[],
  group: readonly number[],
  isRestated: boolean,
  results: CountsResult[],
): Promise<void> {
  const written = await sql<Stored & { inserted: boolean }>`
    INSERT INTO feedback AS kept (prediction_id, field, place, source, day, impressions, clicks, conversions, revenue, currency)
    SELECT prediction_id, field, place, source, day, impressions, clicks, conversions, revenue, currency
    FROM ${inputOf(rows, group)} ORDER BY prediction_id, field, place, source, day
    ON CONFLICT (prediction_id, field, place, source, day) WHERE day IS NOT NULL DO UPDATE SET
      impressions = excluded.impressions, clicks = coalesce(excluded.clicks, kept.clicks),
      conversions = coalesce(excluded.conversions, kept.conversions), revenue = coalesce(excluded.revenue, kept.revenue),
      currency = coalesce(excluded.currency, kept.currency), created_at = now(), dataset_version = NULL
    WHERE (kept.impressions, kept.clicks, kept.conversions, kept.revenue) IS DISTINCT FROM (excluded.impressions,
        coalesce(excluded.clicks, kept.clicks), coalesce(excluded.conversions, kept.conversions), coalesce(excluded.revenue, kept.revenue))
      AND coalesce(excluded.clicks, kept.clicks, 0) <= excluded.impressions
      AND (${isRestated} OR NOT coalesce(excluded.impressions < kept.impressions, false) AND NOT coalesce(excluded.clicks < kept.clicks, false)
        AND NOT coalesce(excluded.conversions < kept.conversions, false) AND NOT coalesce(excluded.revenue < kept.revenue, false))
    RETURNING ${columnsOf('kept')}, xmax = 0 AS inserted`.execute(db);
  const changed = new Map(written.rows.map((row) => [keyOf(fromStored(row)), row]));
  const left = group.filter((i) => !changed.has(keyOf(rows[i] as TextCounts)));
  const before = new Map<string, Stored>();
  if (left.length > 0) {
    const unchanged = await sql<Stored>`
      SELECT ${columnsOf('f')} FROM ${inputOf(rows, left)} JOIN feedback f ON f.day IS NOT NULL
        AND (f.prediction_id, f.field, f.place, f.source, f.day) = (input.prediction_id, input.field, input.place, input.source, input.day)`.execute(
      db,
    );
    for (const row of unchanged.rows) before.set(keyOf(fromStored(row)), row);
  }
  for (const i of group) {
    const row = rows[i];
    if (row === undefined) continue;
    const key = keyOf(row);
    const now = changed.get(key);
    const stored = before.get(key);
    if (now !== undefined) results[i] = { kind: now.inserted ? 'new' : 'replaced', feedbackId: now.id };
    else if (stored === undefined)
      results[i] = refuse(row, 'text_id', 'was erased while its counts were stored');
    else results[i] = compare(row, stored);
  }
}

interface Stored {
  id: number;
  prediction_id: string;
  field: string;
  place: number;
  source: string;
  day: string;
  impressions: number;
  clicks: number | null;
  conversions: number | null;
  revenue: number | null;
}

const columnsOf = (table: string) =>
  sql.raw(
    `${['id', 'prediction_id', 'field', 'place', 'source', 'impressions', 'clicks', 'conversions', 'revenue'].map((name) => `${table}.${name}`).join(', ')}, to_char(${table}.day, 'YYYY-MM-DD') AS day`,
  );

/** Nothing was written: the row is what is stored, or less, or less than clicks that it leaves. */
function compare(row: TextCounts, stored: Stored): CountsResult {
  if (row.isRestated && row.clicks === null && (stored.clicks ?? 0) > row.impressions)
    return refuse(
      row,
      'impressions',
      `is ${row.impressions}, less than the ${stored.clicks} clicks counted before: restate them as well`,
    );
  for (const name of ['impressions', 'clicks', 'conversions', 'revenue'] as const) {
    const [value, before] = [row[name], stored[name]];
    if (value !== null && before !== null && value < before)
      return refuse(
        row,
        name,
        `is ${value}, less than the ${before} counted before: mark the row as restated if that is meant`,
      );
  }
  return { kind: 'unchanged', feedbackId: stored.id };
}

function describeUnknown(erased: boolean): string {
  return erased
    ? 'is of a prediction that was erased'
    : 'is of no stored prediction: not sampled, erased, past its retention, or of another installation';
}

function refuse(row: TextCounts, field: string, reason: string): CountsResult {
  const value = field === 'text_id' ? renderTextId(row) : String(row[field as keyof TextCounts]);
  return { kind: 'refused', fault: { field, value, reason } };
}

const keyOf = (row: TextPlace & { source: string; day: string }): string =>
  `${renderTextId(row)}\0${row.day}\0${row.source}`;

const fromStored = ({ prediction_id, ...row }: Stored) => ({ predictionId: prediction_id, ...row });

/** One parameter for all rows. */
function inputOf(rows: readonly TextCounts[], indices: Iterable<number>) {
  const input = [...indices].map((i) => {
    const { predictionId, isRestated: _, ...row } = rows[i] as TextCounts;
    return { i, prediction_id: predictionId, ...row };
  });
  return sql`json_to_recordset(${JSON.stringify(input)}::json) AS input (i integer, prediction_id text, field text, place integer,
    source text, day date, impressions integer, clicks integer, conversions integer, revenue double precision, currency text)`;
}
