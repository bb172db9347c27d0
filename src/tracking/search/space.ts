/**
 * What can be searched of an entity: its own attributes and the keyed values beside it (metrics, params,
 * tags).
 */
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
  /**
   * Columns of the table that name the entity, each with the expression that it equals there; with the key
   * they are unique.
   */
  owner: readonly { column: string; of: RawBuilder<unknown> }[];
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
    Record<
      string,
      Attribute & {
        /** @param isApart to be planned by itself, not as one more table of the join */
        wrap: (condition: RawBuilder<unknown>, isApart: boolean) => RawBuilder<unknown>;
      }
    >
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

/** Joins a row `alias` of the collection's table to the entity. */
export function isOwned({ owner }: Collection, alias: string): RawBuilder<unknown> {
  return sql.join(
    owner.map(({ column: name, of }) => sql`${column(alias, name)} = ${of}`),
    sql` AND `,
  );
}

/** Column `alias.name` of a table whose alias is fixed in the code. */
export function column(alias: string, name: string): RawBuilder<unknown> {
  return sql.ref(`${alias}.${name}`);
}
