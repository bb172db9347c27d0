/** A catalogue of products, row by row: what is to be predicted, or why a row cannot be. Memory does not grow with it. */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { DestinationPolicy } from '../../core/destination.ts';
import { assertNever } from '../../core/errors.ts';
import { listWantedColumns, resolveColumns, type FieldMap } from '../field-map.ts';
import { parseRecord, type Fault, type ProductRecord } from '../record.ts';
import { openStream, openUrl } from '../source/open-source.ts';
import type { SourceFormat, SourceRow, SourceTable } from '../source/source-row.ts';

export type CatalogueSource =
  | {
      kind: 'artifact';
      key: string;
      /** For messages: the file's name, or `upload`. */
      name: string;
      /** null: found by the name or the first bytes. */
      format: SourceFormat | null;
    }
  | { kind: 'http'; url: string };

/** Fields that copy is written from; a price that is no number harms nobody here. */
export const CATALOGUE_FIELDS = ['id', 'title', 'category', 'description'] as const;
export type Product = Pick<ProductRecord, (typeof CATALOGUE_FIELDS)[number]>;

/** `line` counts from 1: lines of a text file, elements of a JSON list. */
export type CatalogueRow = { line: number; product: Product } | { line: number; fault: Fault };

export interface CatalogueOptions {
  store: ArtifactStore;
  map: FieldMap;
  /** Of a source by address; whoever named it came over HTTP. */
  limits: { timeoutMs: number; maxBytes: number; destinations: DestinationPolicy };
  signal: AbortSignal;
}

/** @throws AppError `bad-data` for columns or a file that cannot be used, and what reading the source throws */
export async function openCatalogue(
  source: CatalogueSource,
  options: CatalogueOptions,
): Promise<AsyncIterable<CatalogueRow>> {
  const table = await openTable(source, options);
  const resolved = resolveColumns(options.map, null, table.columns);
  return readRows(table, resolved);
}

async function openTable(source: CatalogueSource, options: CatalogueOptions): Promise<SourceTable> {
  const wanted = listWantedColumns(options.map, null);
  switch (source.kind) {
    case 'artifact': {
      const { key, name, format } = source;
      return await openStream(await options.store.get(key), wanted, { name, format: format ?? undefined });
    }
    case 'http':
      return await openUrl(source.url, wanted, { ...options.limits, signal: options.signal });
    default:
      return assertNever(source);
  }
}

async function* readRows(
  table: SourceTable,
  resolved: Partial<Record<string, string>>,
): AsyncGenerator<CatalogueRow> {
  for await (const row of table.rows) yield checkRow(row, resolved);
}

function checkRow(row: SourceRow, resolved: Partial<Record<string, string>>): CatalogueRow {
  if ('fault' in row) return row;
  const { line, values } = row;
  const raw: Record<string, unknown> = {};
  for (const field of CATALOGUE_FIELDS) {
    const column = resolved[field];
    if (column !== undefined) raw[field] = values[column];
  }
  const parsed = parseRecord(raw);
  if ('fault' in parsed) return { line, fault: parsed.fault };
  const { id, title, category, description } = parsed.record;
  // As /predict has it: copy without a title has nothing to say what it is about.
  if (title === '') return { line, fault: { field: 'title', value: '', reason: 'must not be empty' } };
  return { line, product: { id, title, category, description } };
}
