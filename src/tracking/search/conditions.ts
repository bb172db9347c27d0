/** Conditions of a filter as parameterised SQL. Texts of the filter only ever become parameters. */
import { sql, type RawBuilder } from 'kysely';
import { AppError, assertNever } from '../../core/errors.ts';
import type { Comparator, Condition, Key, Literal } from './parse.ts';
import {
  NUMBER_COMPARATORS,
  TAG_COMPARATORS,
  TEXT_COMPARATORS,
  column,
  isOwned,
  type Collection,
  type SearchSpace,
  type ValueType,
} from './space.ts';

/** The indexes on values hold so many characters (003-tracking). */
const INDEXED_CHARS = 200;

/**
 * So many conditions on keyed values are asked one by one, each as an EXISTS, whose order the planner chooses
 * by what it knows of the values.
 * More of them would take it longer than the search itself (458 s for a thousand): the rest are counted in
 * one join.
 */
const MAX_EXISTS = 5;

/**
 * All conditions of a filter. @throws AppError `invalid-input` for keys, comparators and values that the
 * entity does not have
 */
export function toConditions(conditions: readonly Condition[], space: SearchSpace): RawBuilder<unknown>[] {
  let left = MAX_EXISTS;
  const counted = new Map<Collection, Condition[]>();
  const without = new Map<Collection, string[]>();
  const asked = conditions.flatMap((condition) => {
    const collection = findCollection(condition.key, space);
    const isKeyed = collection !== undefined && collection.absentValues?.[condition.key.name] === undefined;
    if (isKeyed || findSpecial(condition.key, space) !== undefined) left -= 1;
    if (!isKeyed || left >= 0) return [toCondition(condition, space, left < 0)];
    checkValueComparator(condition, collection);
    if (condition.comparator === 'IS NULL')
      without.set(collection, [...(without.get(collection) ?? []), condition.key.name]);
    else counted.set(collection, [...(counted.get(collection) ?? []), condition]);
    return [];
  });
  return [
    ...asked,
    ...[...without].map(
      ([collection, keys]) => sql`NOT ${existsWith(collection, sql`found.key IN (${sql.join(keys)})`)}`,
    ),
    ...(counted.size === 0 ? [] : [countMatches(counted)]),
  ];
}

/**
 * The entities that have a matching value for every key: an entity has one row a key of a collection, so that
 * as many rows as keys are all of them. All collections at once: of one join for each the planner expects a
 * row or two, and runs through one for each row of another (54 s for a hundred conditions on three).
 */
function countMatches(counted: ReadonlyMap<Collection, readonly Condition[]>): RawBuilder<unknown> {
  let wanted = 0;
  const matching = [...counted].map(([collection, conditions]) => {
    const byKey = new Map<string, Condition[]>();
    for (const condition of conditions)
      byKey.set(condition.key.name, [...(byKey.get(condition.key.name) ?? []), condition]);
    wanted += byKey.size;
    const branches = [...byKey].map(([key, ofKey]) => {
      const matches = ofKey.map((condition) => matchValue(condition, collection));
      return sql`(found.key = ${key} AND ${sql.join(matches, sql` AND `)})`;
    });
    const own = collection.owner.map(
      ({ column: name }, at) => sql`${column('found', name)} AS ${sql.ref(`own_${at}`)}`,
    );
    return sql`SELECT ${sql.join(own)} FROM ${sql.table(collection.table)} AS found
      WHERE ${sql.join(branches, sql` OR `)}`;
  });
  const [{ owner }] = [...counted.keys()] as [Collection];
  const entity = sql.join(owner.map(({ of }) => of));
  const own = sql.join(owner.map((_, at) => sql.ref(`own_${at}`)));
  return sql`(${entity}) IN (SELECT ${own} FROM (${sql.join(matching, sql` UNION ALL `)}) AS matching
    GROUP BY ${own} HAVING count(*) = ${wanted})`;
}

function toCondition(condition: Condition, space: SearchSpace, isApart: boolean): RawBuilder<unknown> {
  const { key, comparator } = condition;
  const special = findSpecial(key, space);
  if (special !== undefined) {
    checkComparator(comparator, special.comparators ?? TEXT_COMPARATORS, key);
    return special.wrap(compareValue(special.expression, special.type, condition), isApart);
  }
  const collection = findCollection(key, space);
  if (collection !== undefined) return toCollectionCondition(condition, collection);
  const attribute = findAttribute(key, space);
  const allowed =
    attribute.comparators ?? (attribute.type === 'text' ? TEXT_COMPARATORS : NUMBER_COMPARATORS);
  checkComparator(comparator, allowed, key);
  return compareValue(attribute.expression, attribute.type, condition);
}

export function findAttribute(key: Key, space: SearchSpace) {
  const isKnownPrefix = key.prefix === undefined || space.attributePrefixes.includes(key.prefix);
  if (!isKnownPrefix) {
    const prefixes = [...Object.keys(space.collections), ...space.attributePrefixes].join(', ');
    throw new AppError(
      'invalid-input',
      `Invalid entity type '${key.prefix}' in a search for ${space.entity}s: valid are ${prefixes}`,
    );
  }
  const attribute = Object.hasOwn(space.attributes, key.name) ? space.attributes[key.name] : undefined;
  if (attribute !== undefined) return attribute;
  throw new AppError(
    'invalid-input',
    `Invalid attribute key '${key.name}' of ${space.entity} specified: valid are ${Object.keys(space.attributes).join(', ')}`,
  );
}

function findSpecial(key: Key, space: SearchSpace) {
  const name = key.prefix === undefined ? key.name : `${key.prefix}.${key.name}`;
  return space.special !== undefined && Object.hasOwn(space.special, name) ? space.special[name] : undefined;
}

function findCollection(key: Key, space: SearchSpace): Collection | undefined {
  return key.prefix !== undefined && Object.hasOwn(space.collections, key.prefix)
    ? space.collections[key.prefix]
    : undefined;
}

function toCollectionCondition(condition: Condition, collection: Collection): RawBuilder<unknown> {
  const { key, comparator } = condition;
  const hasKey = sql`found.key = ${key.name}`;
  const absent = collection.absentValues?.[key.name];
  if (absent !== undefined && comparator !== 'IS NULL' && comparator !== 'IS NOT NULL') {
    checkValueComparator(condition, collection);
    const present = sql`(SELECT found.value FROM ${sql.table(collection.table)} AS found WHERE ${isOwned(collection, 'found')} AND ${hasKey})`;
    return compareValue(sql`coalesce(${present}, ${absent})`, 'text', condition);
  }
  if (comparator === 'IS NULL') {
    checkValueComparator(condition, collection);
    return sql`NOT ${existsWith(collection, hasKey)}`;
  }
  return existsWith(collection, sql`${hasKey} AND ${matchValue(condition, collection)}`);
}

function existsWith(collection: Collection, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`EXISTS (SELECT 1 FROM ${sql.table(collection.table)} AS found WHERE ${isOwned(collection, 'found')} AND ${condition})`;
}

function checkValueComparator({ key, comparator }: Condition, collection: Collection): void {
  checkComparator(
    comparator,
    collection.comparators ?? (collection.type === 'text' ? TAG_COMPARATORS : NUMBER_COMPARATORS),
    key,
  );
}

/** What the condition asks of the value of a row `found` that has its key. */
function matchValue(condition: Condition, collection: Collection): RawBuilder<unknown> {
  const { comparator } = condition;
  checkValueComparator(condition, collection);
  if (comparator === 'IS NOT NULL') return sql`true`;
  const predicate = compareValue(sql.ref('found.value'), collection.type, condition);
  // The index is on the first 200 characters, since a value may be longer than an index takes.
  const [wanted] = condition.values;
  if (collection.type === 'text' && comparator === '=' && wanted !== undefined) {
    // A shorter text equals its own beginning; saying so twice would mislead the planner about how many rows
    // there are.
    if (wanted.kind === 'string' && wanted.text.length < INDEXED_CHARS)
      return sql`left(found.value, ${sql.lit(INDEXED_CHARS)}) = ${wanted.text}`;
    return sql`left(found.value, ${sql.lit(INDEXED_CHARS)}) = left(${wanted.text}, ${sql.lit(INDEXED_CHARS)}) AND ${predicate}`;
  }
  // NaN is greater than every number for PostgreSQL, and matches nothing here.
  const mayMatchNaN = collection.type === 'float8' && ['>', '>=', '!='].includes(comparator);
  return mayMatchNaN ? sql`found.value < 'NaN' AND ${predicate}` : predicate;
}

/** `expression <comparator> <value>`, the value as a parameter of that type. */
export function compareValue(
  expression: RawBuilder<unknown>,
  type: ValueType,
  condition: Condition,
): RawBuilder<unknown> {
  const { comparator, key } = condition;
  const values = condition.values.map((literal) => toParameter(literal, type, key));
  const [value = sql`NULL`] = values;
  switch (comparator) {
    case '=':
      return sql`${expression} = ${value}`;
    case '!=':
      return sql`${expression} <> ${value}`;
    case '<':
      return sql`${expression} < ${value}`;
    case '<=':
      return sql`${expression} <= ${value}`;
    case '>':
      return sql`${expression} > ${value}`;
    case '>=':
      return sql`${expression} >= ${value}`;
    // Without an escape character, as in MLflow: a backslash is a backslash.
    case 'LIKE':
      return sql`${expression} LIKE ${value} ESCAPE ''`;
    case 'ILIKE':
      return sql`${expression} ILIKE ${value} ESCAPE ''`;
    case 'IN':
      return sql`${expression} IN (${sql.join(values)})`;
    case 'NOT IN':
      return sql`${expression} NOT IN (${sql.join(values)})`;
    case 'IS NULL':
      return sql`${expression} IS NULL`;
    case 'IS NOT NULL':
      return sql`${expression} IS NOT NULL`;
    default:
      return assertNever(comparator);
  }
}

/** Whether it holds of numbers only, so of no missing value and no NaN. */
export function isComparison(comparator: Comparator): boolean {
  return NUMBER_COMPARATORS.includes(comparator);
}

function toParameter(literal: Literal, type: ValueType, key: Key): RawBuilder<unknown> {
  switch (type) {
    case 'text':
      if (literal.kind !== 'string')
        throw new AppError(
          'invalid-input',
          `Expected a quoted string value for '${key.name}', got ${literal.text}`,
        );
      return sql`${literal.text}::text`;
    case 'float8': {
      const value = literal.kind === 'number' ? Number(literal.text) : Number.NaN;
      if (Number.isNaN(value))
        throw new AppError(
          'invalid-input',
          `Expected numeric value type for metric '${key.name}', got '${literal.text}'`,
        );
      return sql`${value}::float8`;
    }
    case 'bigint': {
      const value = Number(literal.text);
      if (literal.text.trim() === '' || !Number.isSafeInteger(value))
        throw new AppError(
          'invalid-input',
          `Expected an integer value for '${key.name}', got '${literal.text}'`,
        );
      return sql`${value}::bigint`;
    }
    default:
      return assertNever(type);
  }
}

function checkComparator(comparator: Comparator, allowed: readonly Comparator[], key: Key): void {
  if (allowed.includes(comparator)) return;
  const name = key.prefix === undefined ? key.name : `${key.prefix}.${key.name}`;
  throw new AppError(
    'invalid-input',
    `Invalid comparator '${comparator}' for ${name}: not one of ${allowed.join(', ')}`,
  );
}
