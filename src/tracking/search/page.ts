/**
 * Ordered pages by keyset: a token holds the sort values of the last row, so that page 100 costs as little as page 1 and rows that
 * come in meanwhile neither repeat nor hide others.
 */
import { createHash } from 'node:crypto';
import { sql, type RawBuilder } from 'kysely';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Db } from '../../db/index.ts';
import type { Page, SearchOptions } from '../entities.ts';
import { findAttribute, toCondition } from './conditions.ts';
import { parseFilter, parseOrder, type Order } from './parse.ts';
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
  const { db, space, options } = query;
  const limit = checkLimit(options.maxResults, query);
  const { terms, joins } = resolveOrder(options.orderBy ?? [], space);
  const where = [
    ...query.where,
    ...parseFilter(options.filter).map((condition) => toCondition(condition, space)),
  ];
  const orderId = createHash('sha256')
    .update(JSON.stringify([options.orderBy ?? [], options.filter ?? '']))
    .digest('base64url')
    .slice(0, 8);
  if (options.pageToken !== undefined && options.pageToken !== '')
    where.push(after(terms, readToken(options.pageToken, orderId, terms)));
  const conditions = where.length === 0 ? sql`` : sql`WHERE ${sql.join(where, sql` AND `)}`;
  const directed = terms.map((term) => sql`${term.expression} ${term.isAscending ? sql`ASC` : sql`DESC`}`);
  const sortValues = sql`ARRAY[${sql.join(terms.map((term) => sql`(${term.expression})::text`))}] AS sort_values`;
  const { rows } = await sql<Row & { sort_values: string[] }>`
    SELECT ${query.select}, ${sortValues} FROM ${query.from} ${sql.join(joins, sql` `)} ${conditions}
    ORDER BY ${sql.join(directed)} LIMIT ${limit + 1}`.execute(db);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextPageToken =
    rows.length > limit && last !== undefined ? writeToken({ o: orderId, v: last.sort_values }) : undefined;
  return { items, nextPageToken };
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

/** The caller's criteria, then the default ones; missing values last, NaN just before them, whatever the direction. */
function resolveOrder(
  orderBy: readonly string[],
  space: SearchSpace,
): { terms: OrderTerm[]; joins: RawBuilder<unknown>[] } {
  const terms: OrderTerm[] = [];
  const joins: RawBuilder<unknown>[] = [];
  const seen = new Set<string>();
  orderBy.forEach((text, index) => {
    const order = parseOrder(text);
    const name = `${order.key.prefix ?? ''}.${order.key.name}`;
    if (seen.has(name))
      throw new AppError(
        'invalid-input',
        `\`order_by\` contains duplicate fields: ${orderBy.join(', ').slice(0, 500)}`,
      );
    seen.add(name);
    const { added, join } = resolveCriterion(order, space, `sorted${index}`);
    terms.push(...added);
    if (join !== undefined) joins.push(join);
  });
  return { terms: [...terms, ...space.defaultOrder], joins };
}

function resolveCriterion(
  { key, isAscending }: Order,
  space: SearchSpace,
  alias: string,
): { added: OrderTerm[]; join?: RawBuilder<unknown> } {
  const collection = key.prefix === undefined ? undefined : space.collections[key.prefix];
  if (collection?.isOrderable === true) {
    const { type } = collection;
    const value = sql.ref(`${alias}.value`);
    const join = sql`LEFT JOIN ${sql.table(collection.table)} AS ${sql.ref(alias)} ON ${collection.on(sql.ref(alias))} AND ${sql.ref(`${alias}.key`)} = ${key.name}`;
    if (type === 'text')
      return {
        added: [
          rank(sql`(${value} IS NULL)::int`),
          { expression: sql`coalesce(${value}, '')`, type, isAscending },
        ],
        join,
      };
    const rankOf = sql`CASE WHEN ${value} IS NULL THEN 2 WHEN ${value} = 'NaN' THEN 1 ELSE 0 END`;
    return { added: [rank(rankOf), { expression: sql`coalesce(${value}, 0)`, type, isAscending }], join };
  }
  const { expression, type, isNullable = false, isOrderable = true } = findAttribute(key, space);
  if (!isOrderable)
    throw new AppError(
      'invalid-input',
      `Invalid order_by key '${key.name}': a ${space.entity} cannot be ordered by it`,
    );
  if (!isNullable) return { added: [{ expression, type, isAscending }] };
  const filler = type === 'text' ? sql`''` : sql`0`;
  return {
    added: [
      rank(sql`(${expression} IS NULL)::int`),
      { expression: sql`coalesce(${expression}, ${filler})`, type, isAscending },
    ],
  };
}

function rank(expression: RawBuilder<unknown>): OrderTerm {
  return { expression, type: 'bigint', isAscending: true };
}

/** Rows behind `values` in the order of `terms`: (a, b) > (x, y) as a > x OR (a = x AND b > y), which mixed directions need. */
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

function writeToken(token: z.infer<typeof tokenSchema>): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
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
