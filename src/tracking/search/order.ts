/**
 * What a page is ordered by: the caller's criteria, then the default ones; missing values last, NaN just
 * before them, whatever the direction.
 */
import { sql, type RawBuilder } from 'kysely';
import { AppError } from '../../core/errors.ts';
import { compareValue, findAttribute, isComparison } from './conditions.ts';
import type { Condition, Key, Order } from './parse.ts';
import { isOwned, type Collection, type OrderTerm, type SearchSpace } from './space.ts';

export interface ResolvedOrder {
  terms: readonly OrderTerm[];
  joins: readonly RawBuilder<unknown>[];
  /** Conditions on what was joined. */
  conditions: readonly RawBuilder<unknown>[];
}

/**
 * The rows that have a number where the first criterion asks for a metric. They stand before all others, and
 * in the order of the index on
 * (key, value), which then gives the page without looking at the rows behind it.
 */
export interface MetricIndexScan {
  order: ResolvedOrder;
  /** The filter without what the join says already. */
  conditions: readonly Condition[];
  /** Whether the filter leaves no row outside of the lane. */
  isWhole: boolean;
  /** Whether the rows behind these values begin in the lane. */
  holds(behind: readonly string[] | undefined): boolean;
  /**
   * Values of the lane's terms, from and to those of the whole order, which begins with a rank that is 0
   * here.
   */
  valuesOf(behind: readonly string[] | undefined): readonly string[] | undefined;
  tokenOf(values: readonly string[]): string[];
}

const FIRST = 'sorted0';

export function resolveOrder(orders: readonly Order[], space: SearchSpace): ResolvedOrder {
  const resolved = orders.map((order, at) => resolveCriterion(order, space, `sorted${at}`));
  const names = orders.map(({ key }) => nameOf(key));
  if (new Set(names).size < names.length)
    throw new AppError(
      'invalid-input',
      `\`order_by\` contains duplicate fields: ${names.join(', ').slice(0, 500)}`,
    );
  return {
    terms: [...resolved.flatMap(({ added }) => added), ...space.defaultOrder],
    joins: resolved.flatMap(({ join }) => join ?? []),
    conditions: [],
  };
}

export function findMetricIndexScan(
  orders: readonly Order[],
  conditions: readonly Condition[],
  space: SearchSpace,
): MetricIndexScan | undefined {
  const [first, ...rest] = orders;
  const collection = first === undefined ? undefined : orderableCollection(first.key, space);
  if (first === undefined || collection?.type !== 'float8') return undefined;
  const isOnFirst = ({ key, comparator }: Condition): boolean =>
    key.name === first.key.name &&
    key.prefix !== undefined &&
    space.collections[key.prefix] === collection &&
    isComparison(comparator);
  const onFirst = conditions.filter(isOnFirst);
  const others = resolveOrder([first, ...rest], space);
  const value = sql.ref(`${FIRST}.value`);
  return {
    order: {
      // Behind the rank and the value that may be missing.
      terms: [
        { expression: value, type: 'float8', isAscending: first.isAscending },
        ...others.terms.slice(2),
      ],
      joins: [joinValue(sql`JOIN`, collection, first.key, FIRST), ...others.joins.slice(1)],
      conditions: [
        sql`${value} < 'NaN'`,
        ...onFirst.map((condition) => compareValue(value, 'float8', condition)),
      ],
    },
    conditions: conditions.filter((condition) => !onFirst.includes(condition)),
    isWhole: onFirst.length > 0,
    holds: (behind) => behind === undefined || behind[0] === '0',
    valuesOf: (behind) => behind?.slice(1),
    tokenOf: (values) => ['0', ...values],
  };
}

function resolveCriterion(
  { key, isAscending }: Order,
  space: SearchSpace,
  alias: string,
): { added: OrderTerm[]; join?: RawBuilder<unknown> } {
  const collection = orderableCollection(key, space);
  if (collection !== undefined) {
    const { type } = collection;
    const value = sql.ref(`${alias}.value`);
    const join = joinValue(sql`LEFT JOIN`, collection, key, alias);
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

function orderableCollection(key: Key, space: SearchSpace): Collection | undefined {
  const collection = key.prefix === undefined ? undefined : space.collections[key.prefix];
  return collection?.isOrderable === true ? collection : undefined;
}

function joinValue(
  how: RawBuilder<unknown>,
  collection: Collection,
  key: Key,
  alias: string,
): RawBuilder<unknown> {
  const row = sql.ref(alias);
  return sql`${how} ${sql.table(collection.table)} AS ${row} ON ${isOwned(collection, alias)} AND ${sql.ref(`${alias}.key`)} = ${key.name}`;
}

function rank(expression: RawBuilder<unknown>): OrderTerm {
  return { expression, type: 'bigint', isAscending: true };
}

function nameOf({ prefix, name }: Key): string {
  return `${prefix ?? ''}.${name}`;
}
