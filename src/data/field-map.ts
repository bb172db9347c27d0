/** From a source's columns to our fields, and from a row to its label. */
import { AppError } from '../core/errors.ts';
import { MAPPABLE_FIELDS, type Config } from '../core/config/index.ts';
import type { Fault, Label, ProductRecord } from './record.ts';
import { shorten } from './record.ts';

export type FieldMap = Config['data']['map'];
export type LabelRule = Config['data']['label'];
export type MappableField = (typeof MAPPABLE_FIELDS)[number];

/** Columns that the user names; by them a table without header is recognised. */
export function listWantedColumns(map: FieldMap, label: LabelRule | null): string[] {
  const named = Object.values(map).filter((column) => column !== undefined);
  return label === null || label.column === null ? named : [...named, label.column];
}

/**
 * Which column fills which field: the mapped one, otherwise the one of the same name, otherwise none.
 * @param label null where records need no label
 * @param columns of a table; undefined for JSON, where nothing can be checked beforehand
 * @throws AppError `bad-data` naming the columns that there are
 */
export function resolveColumns(
  map: FieldMap,
  label: LabelRule | null,
  columns: readonly string[] | undefined,
): Partial<Record<MappableField, string>> {
  const resolved: Partial<Record<MappableField, string>> = {};
  for (const field of MAPPABLE_FIELDS) {
    const column = map[field] ?? (columns === undefined || columns.includes(field) ? field : undefined);
    if (column !== undefined) resolved[field] = column;
  }
  if (columns === undefined) return resolved;

  const there = `The columns are: ${columns.map((column) => JSON.stringify(column)).join(', ')}.`;
  for (const [field, column] of Object.entries(resolved)) {
    if (!columns.includes(column)) {
      throw new AppError('bad-data', `no column ${JSON.stringify(column)} for ${field}. ${there}`);
    }
  }
  if (resolved.title === undefined && resolved.description === undefined) {
    throw new AppError(
      'bad-data',
      `neither title nor description has a column: map one, for example --map description=COLUMN. ${there}`,
    );
  }
  if (label === null) return resolved;
  if (label.column !== null && !columns.includes(label.column)) {
    throw new AppError('bad-data', `no column ${JSON.stringify(label.column)} for the label. ${there}`);
  }
  if (label.column === null && resolved.rating === undefined) {
    throw new AppError(
      'bad-data',
      `nothing says which records are good: map the rating (--map rating=COLUMN) or name a 0/1 column (--label-column COLUMN). ${there}`,
    );
  }
  return resolved;
}

/** The label of a row, from the 0/1 column when one is named, otherwise from the rating. */
export function readLabel(
  rule: LabelRule,
  record: ProductRecord,
  values: Readonly<Record<string, unknown>>,
): { label: Label } | { fault: Fault } {
  if (rule.column === null) {
    if (record.rating === null) {
      return { fault: { field: 'rating', value: '', reason: 'is empty, so the record has no label' } };
    }
    return { label: record.rating >= rule.threshold ? 1 : 0 };
  }
  const value = values[rule.column];
  const text = typeof value === 'string' ? value.trim().toLowerCase() : JSON.stringify(value);
  if (['1', '1.0', 'true'].includes(text)) return { label: 1 };
  if (['0', '0.0', 'false'].includes(text)) return { label: 0 };
  return { fault: { field: rule.column, value: shorten(value), reason: 'is no label: 0 or 1 is expected' } };
}
