/**
 * What a catalogue is, how it would be read and which of its rows would be refused, before any is predicted.
 */
import type { ReadRow } from '../reading/read-row.ts';
import { openRecords } from '../reading/read-records.ts';
import { holdsNoRecords, type SourceTable } from '../format/table.ts';
import { isFilled, lookUp, toText } from '../reading/lookup.ts';
import type { FieldMap, MappingRequest } from '../reading/field-map.ts';
import type { Fault } from '../record.ts';
import { CATALOGUE_FIELDS, toCatalogueRow, type Product } from './open-catalogue.ts';

export interface CatalogueInspection {
  /** The platform that wrote it, or how it is written. */
  format: string;
  isRecognised: boolean;
  columns: readonly string[];
  /** The columns of each field; the first that holds something is taken. */
  mapping: Readonly<Record<string, readonly string[]>>;
  accepted: number;
  refused: number;
  /** The first that would be predicted. */
  preview: readonly { line: number; product: Product }[];
  /** The first that are refused, with what their cells hold. */
  refusals: readonly RefusedProduct[];
}

export interface RefusedProduct {
  line: number;
  fault: Fault;
  /** As it stands in the file; '' where there is nothing, or where the row could not be taken apart. */
  cells: Product;
}

const MAX_CELL_CHARS = 4000;

/** @throws AppError `bad-data` where it holds no records, and what reading the table throws */
export async function inspectCatalogue(
  table: SourceTable,
  options: {
    map: FieldMap;
    previewRows: number;
    refusedKept: number;
    signal: AbortSignal;
    /** The map that was kept for a header, asked where nothing is mapped. */
    recall: MappingRequest['recall'];
  },
): Promise<CatalogueInspection> {
  const { map, previewRows, refusedKept, signal } = options;
  const { mapping, rows, columns } = await openRecords(table, {
    map,
    label: null,
    uses: CATALOGUE_FIELDS,
    recall: options.recall,
  });
  const preview: { line: number; product: Product }[] = [];
  const refusals: RefusedProduct[] = [];
  const counts = { accepted: 0, refused: 0 };
  let isEmpty = true;
  for await (const read of rows) {
    signal.throwIfAborted();
    isEmpty = false;
    const row = toCatalogueRow(read);
    if (row === undefined) continue;
    if ('fault' in row) {
      counts.refused += 1;
      if (refusals.length < refusedKept)
        refusals.push({ ...row, cells: readCells(valuesOf(read), mapping.fields) });
    } else {
      counts.accepted += 1;
      if (preview.length < previewRows) preview.push(row);
    }
  }
  if (isEmpty) throw holdsNoRecords('the catalogue', table.layout);
  return {
    format: mapping.platform?.name ?? table.layout.format.toUpperCase(),
    isRecognised: mapping.platform !== undefined,
    columns,
    mapping: Object.fromEntries(Object.entries(mapping.fields)),
    ...counts,
    preview,
    refusals,
  };
}

const valuesOf = (row: ReadRow): Readonly<Record<string, unknown>> =>
  'values' in row && row.values !== undefined ? row.values : {};

function readCells(
  values: Readonly<Record<string, unknown>>,
  fields: Partial<Record<string, readonly string[]>>,
): Product {
  const read = (field: string): string => {
    const filled = (fields[field] ?? []).map((column) => lookUp(values, column)).find(isFilled);
    return toText(filled).slice(0, MAX_CELL_CHARS).toWellFormed();
  };
  return {
    id: read('id'),
    title: read('title'),
    category: read('category'),
    description: read('description'),
  };
}
