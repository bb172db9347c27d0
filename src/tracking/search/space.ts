/** What can be searched of an entity: its own attributes and the keyed values beside it (metrics, params, tags). */
import { sql, type RawBuilder } from 'kysely';
import type { Comparator } from './parse.ts';

export type ValueType = 'text' | 'bigint' | 'float8';

export interface Attribute {
  expression: RawBuilder<unknown>;
  type: ValueType;
  isNullable?: boolean;
  /** Where the value is asked for by other comparators than its type allows. */
  comparators?: readonly Comparator[];
  isOrderable?: boolean;
}

/** Keyed values in a table of their own, one row a key. */
export interface Collection {
  table: string;
  type: 'text' | 'float8';
  /** Joins a row `alias` of the table to the entity. */
  on: (alias: RawBuilder<unknown>) => RawBuilder<unknown>;
  comparators?: readonly Comparator[];
  isOrderable?: boolean;
  /** What a missing key counts as; other missing keys match nothing. */
  absentValues?: Readonly<Record<string, string>>;
}

export interface SearchSpace {
  /** For messages: run, experiment, registered model. */
  entity: string;
  attributes: Readonly<Record<string, Attribute>>;
  collections: Readonly<Record<string, Collection>>;
  /** `attributes.status` and its other spellings. */
  attributePrefixes: readonly string[];
  /** Without an order_by, and behind one, so that the order is total. */
  defaultOrder: readonly OrderTerm[];
  /** Conditions that fit no attribute or collection, such as datasets of a run. */
  special?: Readonly<
    Record<string, Attribute & { wrap: (condition: RawBuilder<unknown>) => RawBuilder<unknown> }>
  >;
}

/** An expression that is never null, and its direction. */
export interface OrderTerm {
  expression: RawBuilder<unknown>;
  type: ValueType;
  isAscending: boolean;
}

export const TEXT_COMPARATORS: readonly Comparator[] = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'];
export const TAG_COMPARATORS: readonly Comparator[] = ['=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'];
export const NUMBER_COMPARATORS: readonly Comparator[] = ['=', '!=', '<', '<=', '>', '>='];

/** Column `alias.name` of a table whose alias is fixed in the code. */
export function column(alias: string, name: string): RawBuilder<unknown> {
  return sql.ref(`${alias}.${name}`);
}
