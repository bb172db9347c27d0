/**
 * From a source's columns to our fields: what the user says wins, then what the platform is known for, then a
 * column of the same name.
 */
import { MAPPABLE_FIELDS, type Config, type RecordField } from '../../core/config/index.ts';
import { AppError } from '../../core/errors.ts';
import { tidyName } from '../format/delimited.ts';
import type { Layout } from '../format/table.ts';
import type { Platform } from '../platform/platform.ts';
import { fitsPattern, listNames, merchantPrefix, normaliseName, recognise } from '../platform/recognise.ts';
import { currencyOfName } from '../values/numbers.ts';
import type { Fault, Label } from '../record.ts';
import { shorten } from '../record.ts';
import { lookUp } from './lookup.ts';
import type { ReadProduct } from './read-row.ts';

export type FieldMap = Config['data']['map'];
export type LabelRule = Config['data']['label'];

export interface Mapping {
  platform: Platform | undefined;
  /** Columns of each field, the first that is filled being taken. Only fields that the job uses. */
  fields: Partial<Record<RecordField, readonly string[]>>;
  /** Fields that the user mapped: what stands there must be right. */
  asked: ReadonlySet<string>;
  /** The platform's other columns, by their names here. */
  find: (name: string) => readonly string[];
  labelColumn: string | undefined;
  /** What the name of a column of prices says, or what the file says of all: `Price (EUR)`. */
  currencyOf: (column: string) => string | undefined;
  /** What parts decimals by the file's own form, for columns that do not tell. */
  decimal: ',' | undefined;
}

/** Columns that the user names; by them a table without header is recognised. */
export function listNamedColumns(map: FieldMap, label: LabelRule | null): string[] {
  const named = Object.entries(map).flatMap(([field, column]) =>
    field === 'auto' || column === '' ? [] : [column],
  );
  return label === null || label.column === null ? named : [...named, label.column];
}

export interface MappingRequest {
  map: FieldMap;
  /** null where records need no label. */
  label: LabelRule | null;
  /** Fields that the job reads; a column that it does not need may be missing or wrong. */
  uses: readonly RecordField[];
  /**
   * Fields that help where they can be read: no missing column and no faulty value of theirs refuses
   * anything.
   */
  also?: readonly RecordField[];
  /** The map that was kept for a header, asked where nothing is mapped. */
  recall?: ((columns: readonly string[]) => Promise<FieldMap | undefined>) | undefined;
}

/**
 * @param columns of a table; of nested records, the names that the first of them hold
 * @param paths to what lies deeper in them, for names that say more there
 * @throws AppError `bad-data` naming the columns that there are
 */
export function resolveMapping(
  { map, label, uses, also = [] }: MappingRequest,
  columns: readonly string[],
  layout: Layout,
  paths: readonly string[] = [],
): Mapping {
  const isNested = layout.format === 'json' || layout.format === 'jsonl' || layout.format === 'xml';
  const platform = choosePlatform(map, label, columns, layout, paths);
  const byName = new Map<string, string[]>();
  // The merchant's own `g:title` is nearer the product than the feed's `title`.
  const isMerchants = (column: string): number => Number(merchantPrefix(column) !== '');
  const sorted = columns.toSorted((a, b) => isMerchants(b) - isMerchants(a));
  const add = (name: string, column: string): void => {
    byName.set(name, [...(byName.get(name) ?? []), column]);
  };
  for (const column of sorted) add(normaliseName(column), column);
  // `Tag` is German for a date only where no column is called `Date`.
  const own = new Set(byName.keys());
  for (const column of sorted) {
    for (const name of listNames(column)) if (!own.has(name)) add(name, column);
  }
  const find = (name: string): readonly string[] => {
    if (name.startsWith('*') || name.endsWith('*'))
      return [...byName].filter(([known]) => fitsPattern(known, name)).flatMap(([, found]) => found);
    const found = byName.get(name);
    if (found !== undefined) return found;
    const [first = ''] = name.split('.');
    const [head] = first === name ? [] : (byName.get(first) ?? []);
    return head === undefined ? [] : [`${head}${name.slice(first.length)}`];
  };
  const there = `The columns are: ${columns
    .slice(0, 100)
    .map((column) => JSON.stringify(column))
    .join(', ')}.`;
  const isTwice = (column: string): boolean => columns.indexOf(column) !== columns.lastIndexOf(column);
  const namedTwice = (column: string, field: string): AppError =>
    new AppError(
      'bad-data',
      `two columns are named ${JSON.stringify(column)}, and ${field} would be read from one of them: rename one of them, or map another column. ${there}`,
    );
  const locate = (wanted: string, field: string): string => {
    const name = tidyName(wanted);
    if (isTwice(name)) throw namedTwice(name, field);
    if (columns.includes(name) || isNested) return name;
    const byNumber = /^[1-9]\d{0,3}$/u.test(name) ? columns[Number(name) - 1] : undefined;
    if (byNumber !== undefined && isTwice(byNumber)) throw namedTwice(byNumber, field);
    if (byNumber !== undefined) return byNumber;
    throw new AppError('bad-data', `no column ${JSON.stringify(wanted)} for ${field}. ${there}`);
  };

  const fields: Mapping['fields'] = {};
  const asked = new Set<string>();
  for (const field of MAPPABLE_FIELDS) {
    const own = map[field];
    const isNeeded = uses.includes(field);
    if ((!isNeeded && !also.includes(field)) || own === '') continue;
    if (own !== undefined && !isNeeded) {
      const there = find(own);
      if (there.length > 0) fields[field] = there;
      continue;
    }
    if (own !== undefined) {
      fields[field] = [locate(own, field)];
      asked.add(field);
      continue;
    }
    const known =
      platform === undefined
        ? [field].filter((name) => isNested || columns.includes(name))
        : [...new Set(platform.fields[field]?.flatMap(find))];
    const clear = known.filter((column) => !isTwice(column));
    if (clear.length > 0) fields[field] = clear;
    else if (isNeeded && known[0] !== undefined) throw namedTwice(known[0], field);
  }
  if (fields.title === undefined && fields.description === undefined) {
    throw new AppError(
      'bad-data',
      `neither title nor description has a column: map one, for example --map description=COLUMN. ${there}`,
      { details: { columns: columns.slice(0, 100) } },
    );
  }
  const labelColumn =
    label?.column === null || label === null ? undefined : locate(label.column, 'the label');
  if (label !== null && labelColumn === undefined && fields.rating === undefined) {
    throw new AppError(
      'bad-data',
      `nothing says which records are good: map the rating (--map rating=COLUMN) or name a 0/1 column (--label-column COLUMN). ${there}`,
    );
  }
  // eBay says it in the name of its first column.
  const ofFile = columns.map((column) => /\bCurrency=([A-Z]{3})\b/u.exec(column)?.[1]).find(Boolean);
  const currencies = new Map(
    (fields.price ?? []).map((column) => [column, currencyOfName(column) ?? ofFile]),
  );
  return {
    platform,
    fields,
    asked,
    find,
    labelColumn,
    currencyOf: (column) => currencies.get(column),
    // Semicolons part cells where a comma parts decimals, and where nobody writes the month first.
    decimal: layout.delimiter === ';' ? ',' : undefined,
  };
}

/**
 * A platform's own file keeps what the user does not map; a table with telling names is read by them only
 * where nobody says otherwise.
 */
function choosePlatform(
  map: FieldMap,
  label: LabelRule | null,
  columns: readonly string[],
  layout: Layout,
  paths: readonly string[],
): Platform | undefined {
  const found = recognise(columns, layout, paths);
  if (found === undefined || found.isPlatform || map.auto !== undefined) return found?.platform;
  const saysTexts = map.title !== undefined || map.description !== undefined;
  const isOurs = columns.includes('title') && columns.includes('description');
  return saysTexts || isOurs || (label?.column ?? null) !== null ? undefined : found.platform;
}

/** Columns of a table that are read for a mapping. */
export function listReadColumns({ platform, fields, find, labelColumn }: Mapping): string[] {
  const own = Object.values(fields).flat();
  const more =
    platform === undefined
      ? []
      : [
          ...(platform.attributes ?? []),
          ...(platform.attributePairs ?? []).flat(),
          ...(platform.ignore ?? []).map(({ column }) => column),
          ...Object.values(platform.holdsIf ?? {}).map(({ column }) => column),
          ...Object.values(platform.metrics ?? {}).flat(),
          ...(platform.fold === undefined
            ? []
            : platform.fold.by === 'key'
              ? [platform.fold.key, ...platform.fold.texts]
              : platform.fold.by === 'place'
                ? [platform.fold.type]
                : [platform.fold.type, platform.fold.parent, ...platform.fold.key]),
        ].flatMap(find);
  return [...new Set([...own, ...more, ...(labelColumn === undefined ? [] : [labelColumn])])];
}

/** The label of a row, from the 0/1 column when one is named, otherwise from the rating. */
export function readLabel(
  rule: LabelRule,
  { record, values, isLiked }: Pick<ReadProduct, 'record' | 'values' | 'isLiked'>,
  column: string | undefined,
): { label: Label } | { fault: Fault } {
  if (column === undefined) {
    if (isLiked !== undefined) return { label: isLiked ? 1 : 0 };
    if (record.rating === null) {
      return { fault: { field: 'rating', value: '', reason: UNRATED } };
    }
    return { label: record.rating >= rule.threshold ? 1 : 0 };
  }
  const value = lookUp(values, column);
  const text = typeof value === 'string' ? value.trim().toLowerCase() : JSON.stringify(value);
  if (['1', '1.0', 'true', 'wahr', 'vrai', 'yes'].includes(text)) return { label: 1 };
  if (['0', '0.0', 'false', 'falsch', 'faux', 'no'].includes(text)) return { label: 0 };
  return { fault: { field: column, value: shorten(value), reason: 'is no label: 0 or 1 is expected' } };
}

/** Why a row that nobody has rated teaches nothing. */
export const UNRATED = 'is empty, so the record has no label';
