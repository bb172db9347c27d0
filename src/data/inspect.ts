/**
 * What a source is, how it would be read and what would be refused, without doing anything with it: `copyloop
 * inspect`.
 */
import { MAPPABLE_FIELDS } from '../core/config/index.ts';
import type { DestinationPolicy } from '../core/outbound-policy.ts';
import { holdsNoRecords, type Layout } from './format/table.ts';
import type { PlatformKind } from './platform/platform.ts';
import { listNamedColumns, type FieldMap, type MappingRequest } from './reading/field-map.ts';
import { openRecords } from './reading/read-records.ts';
import type { ReadProduct } from './reading/read-row.ts';
import { createRefusals, type RefusedRow } from './refusals.ts';
import { DATA_SOURCES, type OpenContext, type SourceOptions } from './source/sources.ts';

export interface Inspection {
  /** The platform that wrote it, or how it is written. */
  format: string;
  kind: PlatformKind;
  isRecognised: boolean;
  /** Whether fields are those that were kept for the header. */
  isRemembered: boolean;
  layout: Layout;
  /** Names of the columns, or of the fields that the first records hold. */
  columns: readonly string[];
  /** The columns of each field; the first that holds something is taken. */
  mapping: Readonly<Record<string, readonly string[]>>;
  accepted: number;
  refused: number;
  /** Rows that are no record of their own, by reason. */
  ignored: number;
  unrated: number;
  /** Cells that could not be read and decide nothing, by field. */
  emptied: Readonly<Record<string, number>>;
  refusals: readonly RefusedRow[];
  /** The commonest reasons, each with the first row that it refused. */
  reasons: readonly string[];
  /** The first records. */
  preview: readonly InspectedRecord[];
}

export type InspectedRecord = ReadProduct;

export interface InspectOptions {
  source: SourceOptions;
  map: FieldMap;
  /** Refused rows that are kept with their reasons. */
  refusedKept: number;
  previewRows?: number;
  signal?: AbortSignal | undefined;
  destinations?: DestinationPolicy | undefined;
  getObject?: OpenContext['getObject'];
  /** The map that was kept for a header, asked where nothing is mapped. */
  recall?: MappingRequest['recall'];
  /** Called with every record, in the order of the file. */
  onRecord?: (row: InspectedRecord) => void | Promise<void>;
}

/** @throws AppError `bad-data` where it holds no records, and what opening and reading it throws */
export async function inspectSource(options: InspectOptions): Promise<Inspection> {
  const { source, signal, destinations, previewRows = 5 } = options;
  // Whoever looks wants to be told, also where the columns only have telling names.
  const auto: FieldMap = { auto: 'yes' };
  const isMapped = Object.keys(options.map).length > 0;
  const map = isMapped ? { ...auto, ...options.map } : {};
  let isRemembered = false;
  const recall = async (columns: readonly string[]): Promise<FieldMap> => {
    const kept = await options.recall?.(columns);
    isRemembered = kept !== undefined;
    return kept ?? auto;
  };
  const table = await DATA_SOURCES[source.kind].open(source, {
    named: listNamedColumns(map, null),
    signal,
    destinations,
    getObject: options.getObject,
  });
  const { mapping, rows, columns } = await openRecords(table, {
    map,
    label: null,
    uses: MAPPABLE_FIELDS,
    recall,
  });
  const reasons = createRefusals();
  const refusals: RefusedRow[] = [];
  const preview: InspectedRecord[] = [];
  const emptied: Record<string, number> = {};
  const counts = { accepted: 0, refused: 0, ignored: 0, unrated: 0 };
  for await (const row of rows) {
    signal?.throwIfAborted();
    if ('ignored' in row) counts.ignored += 1;
    else if ('fault' in row) {
      counts.refused += 1;
      const refusal = { line: row.line, ...row.fault };
      reasons.add(refusal);
      if (refusals.length < options.refusedKept) refusals.push(refusal);
    } else {
      counts.accepted += 1;
      if (mapping.fields.rating !== undefined && row.record.rating === null) counts.unrated += 1;
      for (const field of row.emptied) emptied[field] = (emptied[field] ?? 0) + 1;
      if (preview.length < previewRows) preview.push(row);
      await options.onRecord?.(row);
    }
  }
  const { layout } = table;
  if (counts.accepted + counts.refused + counts.ignored === 0)
    throw holdsNoRecords(DATA_SOURCES[source.kind].describe(source), layout);
  return {
    format: mapping.platform?.name ?? layout.format.toUpperCase(),
    kind: mapping.platform?.kind ?? 'products',
    isRecognised: mapping.platform !== undefined,
    isRemembered,
    layout,
    columns,
    mapping: Object.fromEntries(Object.entries(mapping.fields)),
    ...counts,
    emptied,
    refusals,
    reasons: reasons.describe(),
    preview,
  };
}
