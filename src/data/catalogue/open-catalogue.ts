/**
 * A catalogue of products, row by row: what is to be predicted, or why a row cannot be. Memory does not grow
 * with it.
 */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { DestinationPolicy } from '../../core/outbound-policy.ts';
import { assertNever } from '../../core/errors.ts';
import { charsetOfType, formatOfName, formatOfType, openTable } from '../format/open-table.ts';
import type { Layout, SourceFormat, SourceTable } from '../format/table.ts';
import { listNamedColumns, type FieldMap, type MappingRequest } from '../reading/field-map.ts';
import { openRecords } from '../reading/read-records.ts';
import type { ReadRow } from '../reading/read-row.ts';
import type { Fault, ProductRecord } from '../record.ts';
import { download } from '../source/download.ts';
import { openAddress } from '../source/sources.ts';

export type CatalogueSource =
  | {
      kind: 'artifact';
      key: string;
      /** For messages: the file's name, or `upload`. */
      name: string;
      /** null: found by the name or the first bytes. */
      format: SourceFormat | null;
      /** As it was declared; absent where it was not. */
      encoding?: string | undefined;
      /** Of a workbook. */
      sheet?: string | undefined;
    }
  | { kind: 'http'; url: string };

/** Fields that copy is written from: no other decides here, and a price that is no number harms nobody. */
export const CATALOGUE_FIELDS = ['id', 'title', 'category', 'description', 'brand'] as const;
/** What copy says more of where a catalogue has it; a price that is no number harms nobody. */
const TOLD_FIELDS = ['price', 'currency', 'language', 'attributes'] as const;
export type Product = Pick<ProductRecord, (typeof CATALOGUE_FIELDS)[number]> &
  Partial<Pick<ProductRecord, (typeof TOLD_FIELDS)[number]>>;

/**
 * `line` counts from 1: lines of a text file, elements of a JSON list. `nth` is which item of XML it is, from
 * 0: items may share a line.
 */
export type CatalogueRow = { line: number; nth?: number; product: Product } | { line: number; fault: Fault };

export interface CatalogueOptions {
  store: Pick<ArtifactStore, 'get'>;
  map: FieldMap;
  /** Of a source by address; whoever named it came over HTTP. */
  limits: { timeoutMs: number; maxBytes: number; destinations: DestinationPolicy };
  signal: AbortSignal;
  /** The map that was kept for a header, where nothing is mapped. */
  recall?: MappingRequest['recall'];
  /** Keeps the map for the header, once the rows were read and some of them are products. */
  remember?: ((columns: readonly string[]) => Promise<void>) | undefined;
  /** Told how the bytes are read, before the first row. @throws what shall stop the reading */
  onLayout?: (layout: Layout) => void;
}

/**
 * @throws AppError `bad-data` for columns or a file that cannot be used, and what reading the source throws
 */
export async function openCatalogue(
  source: CatalogueSource,
  options: CatalogueOptions,
): Promise<AsyncIterable<CatalogueRow>> {
  const table = await openCatalogueTable(source, options);
  options.onLayout?.(table.layout);
  const places = new WeakMap<object, number>();
  const { rows, columns } = await openRecords(
    table.layout.format === 'xml' ? countRows(table, places) : table,
    {
      map: options.map,
      label: null,
      uses: CATALOGUE_FIELDS,
      also: TOLD_FIELDS,
      recall: options.recall,
    },
  );
  return toProducts(rows, places, async () => await options.remember?.(columns));
}

/** Notes of every row which one of the file it is. */
function countRows(table: SourceTable, places: WeakMap<object, number>): SourceTable {
  return {
    ...table,
    read: async function* read(wanted) {
      let nth = 0;
      for await (const row of table.read(wanted)) {
        if ('values' in row) places.set(row.values, nth);
        nth += 1;
        yield row;
      }
    },
  };
}

/** @throws AppError as `openCatalogue` */
export async function openCatalogueTable(
  source: CatalogueSource,
  options: CatalogueOptions,
): Promise<SourceTable> {
  const { map, store, limits, signal } = options;
  const named = listUsedColumns(map);
  switch (source.kind) {
    case 'artifact': {
      const { key, name, format, encoding, sheet } = source;
      return await openTable(await store.get(key), {
        name,
        named,
        format: format ?? undefined,
        encoding,
        sheet,
      });
    }
    case 'http':
      return await openAddress(source.url, { ...limits, named, signal });
    default:
      return assertNever(source);
  }
}

/** The bytes of a source by address, stored, so that they can be read again as they were. */
export async function storeCatalogue(
  source: CatalogueSource,
  key: string,
  {
    store,
    limits,
    signal,
  }: Pick<CatalogueOptions, 'limits' | 'signal'> & { store: Pick<ArtifactStore, 'put'> },
): Promise<Extract<CatalogueSource, { kind: 'artifact' }>> {
  if (source.kind === 'artifact') return source;
  const { body, contentType, name } = await download(source.url, { ...limits, signal });
  await store.put(key, body);
  return {
    kind: 'artifact',
    key,
    name,
    format: formatOfType(contentType) ?? formatOfName(new URL(source.url).pathname) ?? null,
    encoding: charsetOfType(contentType),
  };
}

/** A map that was made for training may name columns that a catalogue does not need. */
export function listUsedColumns(map: FieldMap): string[] {
  const used = Object.entries(map).filter(([field]) => CATALOGUE_FIELDS.some((known) => known === field));
  return listNamedColumns(Object.fromEntries(used), null);
}

async function* toProducts(
  rows: AsyncIterable<ReadRow>,
  places: WeakMap<object, number>,
  remember: () => Promise<void>,
): AsyncGenerator<CatalogueRow> {
  let hasProducts = false;
  for await (const read of rows) {
    const row = toCatalogueRow(read);
    if (row === undefined) continue;
    const nth = 'record' in read ? places.get(read.values) : undefined;
    hasProducts ||= 'product' in row;
    yield 'product' in row && nth !== undefined ? { ...row, nth } : row;
  }
  if (hasProducts) await remember();
}

/** undefined for a row that is no product of its own. */
export function toCatalogueRow(row: ReadRow): CatalogueRow | undefined {
  if ('ignored' in row) return undefined;
  const { line } = row;
  if ('fault' in row) return { line, fault: row.fault };
  const { id, title, category, description, brand, price, currency, language, attributes } = row.record;
  // As /predict has it: copy without a title has nothing to say what it is about.
  if (title === '') return { line, fault: { field: 'title', value: '', reason: 'must not be empty' } };
  const product = {
    id,
    title,
    category,
    description,
    ...(brand !== undefined && { brand }),
    ...(price !== null && { price }),
    ...(currency !== undefined && { currency }),
    ...(language !== undefined && { language }),
    ...(attributes !== undefined && { attributes }),
  };
  return { line, product };
}
