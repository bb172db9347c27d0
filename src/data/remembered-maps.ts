/** Mappings that people had kept for a header: a table with the same columns is read by them. */
import { fieldMapSchema } from '../core/config/index.ts';
import { sha256Hex } from '../core/ids.ts';
import type { Db } from '../db/index.ts';
import { normaliseName } from './platform/recognise.ts';
import type { FieldMap } from './reading/field-map.ts';

/** Of the names alone, whatever their order and how they are spelt. */
function fingerprintColumns(columns: readonly string[]): string {
  return sha256Hex(JSON.stringify(columns.map(normaliseName).toSorted()));
}

export async function findRememberedMap(db: Db, columns: readonly string[]): Promise<FieldMap | undefined> {
  const row = await db
    .selectFrom('remembered_maps')
    .select('map')
    .where('header', '=', fingerprintColumns(columns))
    .executeTakeFirst();
  return row === undefined ? undefined : respell(fieldMapSchema.parse(row.map), columns);
}

/** With columns as they are spelt here: the header that the map was kept for may spell them otherwise. */
export function respell(map: FieldMap, columns: readonly string[]): FieldMap {
  const spelt = new Map(columns.map((column) => [normaliseName(column), column]));
  const entries = Object.entries(map).map(([field, column]) => {
    const isKnown = field === 'auto' || column === '' || columns.includes(column);
    return [field, isKnown ? column : (spelt.get(normaliseName(column)) ?? column)] as const;
  });
  return Object.fromEntries(entries);
}

/** In place of what was kept for the header before. */
export async function rememberMap(
  db: Db,
  columns: readonly string[],
  map: FieldMap,
  source: string,
): Promise<void> {
  const kept = { map: JSON.stringify(map), source, remembered_at: new Date() };
  await db
    .insertInto('remembered_maps')
    .values({ header: fingerprintColumns(columns), ...kept })
    .onConflict((conflict) => conflict.column('header').doUpdateSet(kept))
    .execute();
}
