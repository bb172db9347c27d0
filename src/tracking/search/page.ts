/**
 * Ordered pages by keyset: a token holds the sort values of the last row, so that page 100 costs as little as
 * page 1 and rows that
 * come in meanwhile neither repeat nor hide others.
 */
import { createHash } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { executeUntil, type Db } from '../../db/index.ts';
import type { Page, SearchOptions } from '../entities.ts';
import { toConditions } from './conditions.ts';
import { findMetricIndexScan, resolveOrder, type ResolvedOrder } from './order.ts';
import { parseFilter, parseOrders, type Condition } from './parse.ts';
import type { OrderTerm, SearchSpace, ValueType } from './space.ts';

export interface PageQuery {
  db: Db;
  space: SearchSpace;
  /** `FROM` without the word; joins for the order are added behind it. */
  from: RawBuilder<unknown>;
  select: RawBuilder<unknown>;
  /** Conditions besides the filter. */
  where: readonly RawBuilder<unknown>[];
  options: SearchOptions;
  defaultMaxResults: number;
  mostResults: number;
}

const tokenSchema = z.object({ o: z.string(), v: z.array(z.string()) });

export async function queryPage<Row>(query: PageQuery): Promise<Page<Row>> {
  const { space, options } = query;
  const limit = checkLimit(options.maxResults, query);
  const orders = parseOrders(options.orderBy);
  const conditions = parseFilter(options.filter);
  const order = resolveOrder(orders, space);
  const orderId = createHash('sha256')
    .update(JSON.stringify([options.orderBy ?? [], options.filter ?? '']))
    .digest('base64url')
    .slice(0, 8);
  const behind = isSet(options.pageToken) ? readToken(options.pageToken, orderId, order.terms) : undefined;
  const scan = findMetricIndexScan(orders, conditions, space);
  if (scan !== undefined && scan.holds(behind)) {
    const rows = await selectRows<Row>(query, scan.order, scan.conditions, scan.valuesOf(behind), limit + 1);
    if (scan.isWhole || rows.length > limit)
      return toPage(rows, limit, (row) =>
        writeToken(orderId, scan.tokenOf(sortValues(row, scan.order.terms))),
      );
  }
  const rows = await selectRows<Row>(query, order, conditions, behind, limit + 1);
  return toPage(rows, limit, (row) => writeToken(orderId, sortValues(row, order.terms)));
}

async function selectRows<Row>(
  { db, space, select, from, where, options }: PageQuery,
  { terms, joins, conditions }: ResolvedOrder,
  filter: readonly Condition[],
  behind: readonly string[] | undefined,
  limit: number,
): Promise<Row[]> {
  const all = [
    ...where,
    ...conditions,
    ...toConditions(filter, space),
    ...(behind === undefined ? [] : [after(terms, behind)]),
  ];
  const columns = terms.map(({ expression }, at) => sql`${expression} AS ${sql.ref(sortColumn(at))}`);
  const directed = terms.map((term) => sql`${term.expression} ${term.isAscending ? sql`ASC` : sql`DESC`}`);
  const page = sql<Row>`
    SELECT ${select}, ${sql.join(columns)} FROM ${from} ${sql.join(joins, sql` `)}
    ${all.length === 0 ? sql`` : sql`WHERE ${sql.join(all, sql` AND `)}`}
    ORDER BY ${sql.join(directed)} LIMIT ${sql.lit(limit)}`;
  return await executeUntil(db, page, options.signal);
}

function toPage<Row>(rows: Row[], limit: number, tokenOf: (last: Row) => string): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextPageToken: rows.length > limit && last !== undefined ? tokenOf(last) : undefined };
}

function sortColumn(at: number): string {
  return `sort_${at}`;
}

/** What the row is ordered by, as texts that PostgreSQL reads back as the same values. */
function sortValues(row: unknown, terms: readonly OrderTerm[]): string[] {
  const columns = row as Readonly<Record<string, unknown>>;
  return terms.map((_, at) => String(columns[sortColumn(at)]));
}

function isSet(text: string | undefined): text is string {
  return text !== undefined && text !== '';
}

function checkLimit(
  maxResults: number | undefined,
  { defaultMaxResults, mostResults }: Pick<PageQuery, 'defaultMaxResults' | 'mostResults'>,
): number {
  const limit = maxResults ?? defaultMaxResults;
  if (Number.isInteger(limit) && limit >= 1 && limit <= mostResults) return limit;
  throw new AppError(
    'invalid-input',
    `Invalid value ${limit} for parameter 'max_results' supplied: it must be a positive integer, at most ${mostResults}`,
  );
}

/**
 * Rows behind `values` in the order of `terms`: (a, b) > (x, y) as a > x OR (a = x AND b > y), which mixed
 * directions need.
 */
function after(terms: readonly OrderTerm[], values: readonly string[]): RawBuilder<unknown> {
  const parameter = (index: number): RawBuilder<unknown> =>
    sql`${values[index] ?? ''}::${sql.raw(terms[index]?.type ?? 'text')}`;
  const alternatives = terms.map((term, index) => {
    const equals = terms.slice(0, index).map((earlier, at) => sql`${earlier.expression} = ${parameter(at)}`);
    const beyond = sql`${term.expression} ${term.isAscending ? sql`>` : sql`<`} ${parameter(index)}`;
    return sql`(${sql.join([...equals, beyond], sql` AND `)})`;
  });
  const [first] = terms;
  // Implied by the rest, but only this an index can use.
  const bound =
    first === undefined
      ? sql`true`
      : sql`${first.expression} ${first.isAscending ? sql`>=` : sql`<=`} ${parameter(0)}`;
  return sql`${bound} AND (${sql.join(alternatives, sql` OR `)})`;
}

function writeToken(orderId: string, values: readonly string[]): string {
  return Buffer.from(JSON.stringify({ o: orderId, v: values })).toString('base64url');
}

function readToken(text: string, orderId: string, terms: readonly OrderTerm[]): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    parsed = undefined;
  }
  const token = tokenSchema.safeParse(parsed);
  if (!token.success)
    throw new AppError(
      'invalid-input',
      'Invalid page token: it is none that this server gave out; start from the first page',
    );
  const { o, v } = token.data;
  const isTyped = v.length === terms.length && v.every((value, at) => fits(value, terms[at]?.type ?? 'text'));
  if (o !== orderId || !isTyped)
    throw new AppError(
      'invalid-input',
      'Invalid page token: it belongs to a search with another filter or order_by',
    );
  return v;
}

/** As PostgreSQL writes a value of that type. */
function fits(text: string, type: ValueType): boolean {
  if (type === 'text') return true;
  if (type === 'bigint') return /^-?\d{1,18}$/.test(text);
  return text === 'NaN' || (text.trim() !== '' && !Number.isNaN(Number(text)));
}
