/**
 * The work of the stage `generate-data`: draws or reads records, checks each, and leaves two artifacts, the
 * accepted records with their labels and the refused rows with the reason for each (both JSONL). Streams:
 * memory does not grow with the source.
 */
import { MAPPABLE_FIELDS, type Config } from '../core/config/index.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { DestinationPolicy } from '../core/outbound-policy.ts';
import { AppError } from '../core/errors.ts';
import { createFingerprintSet } from './fingerprint-set.ts';
import { holdsNoRecords } from './format/table.ts';
import { listNamedColumns, readLabel, UNRATED, type FieldMap } from './reading/field-map.ts';
import { openRecords } from './reading/read-records.ts';
import type { ReadRow } from './reading/read-row.ts';
import { shorten, type Fault, type LabelledRecord } from './record.ts';
import { createRefusals, type RefusedRow, type Refusals } from './refusals.ts';
import { DATA_SOURCES, type DataSource, type OpenContext } from './source/sources.ts';
import { computeBayesLimit, QUALITY_MODEL, type BayesLimit } from './synthetic/quality-model.ts';

/** The part of the section `data` that decides what is read. */
export type IngestOptions = Pick<Config['data'], 'source' | 'map' | 'label' | 'refusedKept'>;

export interface IngestProgress {
  accepted: number;
  refused: number;
  /** Rows expected; undefined where only reading to the end tells. */
  total?: number;
}

export interface IngestContext {
  store: ArtifactStore;
  /** Folder of the store that takes the artifacts: `runs/<run id>/raw`. */
  keyPrefix: string;
  signal?: AbortSignal;
  /** What holds for the address of an http source; undefined when the operator named it. */
  destinations?: DestinationPolicy | undefined;
  /** Opens an object of a bucket. */
  getObject?: OpenContext['getObject'];
  /** Maps that were kept for headers; without it none is known. */
  maps?: {
    find(columns: readonly string[]): Promise<FieldMap | undefined>;
    keep?(columns: readonly string[], map: FieldMap): Promise<void>;
  };
  /** Takes every refused row, for a caller that tells why. */
  refusals?: Refusals;
  /** Called every thousand rows and at the end. */
  onProgress?: (progress: IngestProgress) => void | Promise<void>;
}

/** Plain JSON: the stage keeps it as its result and hands it to `createDatasetVersion`. */
export interface IngestResult {
  /** `synthetic (count 1000, seed 42)`, the file or the address without its query. */
  source: string;
  rawKey: string;
  rawSha256: string;
  accepted: number;
  refused: number;
  /** Refused rows, the first `refusedKept` of them; empty when none was refused. */
  refusedKey: string;
  /** Of the refused rows those that nobody has rated: they are no fault of the file. */
  unrated?: number;
  /** Rows that are no record of their own: variants, images, totals, the same product once more. */
  ignored?: number;
  /**
   * Whether an id occurs more than once: its rows are of one product then, and stay on one side of a split.
   */
  repeatsIds?: boolean;
  /** The export that the source was recognised as. */
  recognised?: string;
  /** Only for synthetic records: what the best classifier reaches. */
  bayes: BayesLimit | null;
}

const PROGRESS_ROWS = 1000;
const FLUSH_CHARS = 1 << 18;

/**
 * @param sources the kinds of source that there are
 * @throws AppError `bad-data` when no row is usable, and what opening the source throws
 */
export async function ingestRecords(
  options: IngestOptions,
  context: IngestContext,
  sources: Readonly<Record<string, DataSource>> = DATA_SOURCES,
): Promise<IngestResult> {
  const { store, keyPrefix, signal, destinations, getObject, maps, refusals = createRefusals() } = context;
  const { kind } = options.source;
  const dataSource = sources[kind];
  if (dataSource === undefined)
    throw new AppError('invalid-config', `there is no kind of data source "${kind}"`);
  const source = dataSource.describe(options.source);
  const synthetic = kind === 'synthetic';
  // Synthetic records have our names and a rating: a map or label column meant for another source does not
  // concern them.
  const map = synthetic ? {} : options.map;
  const label = synthetic ? { ...options.label, column: null } : options.label;
  const table = await dataSource.open(options.source, {
    named: listNamedColumns(map, label),
    signal,
    destinations,
    getObject,
  });
  const { mapping, rows, columns } = await openRecords(table, {
    map,
    label,
    uses: MAPPABLE_FIELDS,
    recall: synthetic ? undefined : maps?.find,
  });
  const total = synthetic ? options.source.count : undefined;
  // Synthetic ids are unique by construction.
  const ids = synthetic ? undefined : createFingerprintSet();
  const refusedRows: RefusedRow[] = [];
  let accepted = 0;
  let refused = 0;
  let unrated = 0;
  let ignored = 0;
  let repeatsIds = false;

  const refuse = (line: number, fault: Fault): undefined => {
    refused += 1;
    if (fault.reason === UNRATED) unrated += 1;
    refusals.add({ line, ...fault });
    if (refusedRows.length < options.refusedKept) refusedRows.push({ line, ...fault });
    return undefined;
  };
  const accept = (row: ReadRow): LabelledRecord | undefined => {
    if ('fault' in row) return refuse(row.line, row.fault);
    if ('ignored' in row) {
      ignored += 1;
      return undefined;
    }
    const { record } = row;
    if (record.title === '' && record.description === '') {
      return refuse(row.line, {
        field: 'description',
        value: '',
        reason: 'has a rating, and no text to learn from',
      });
    }
    const labelled = readLabel(label, row, mapping.labelColumn);
    if ('fault' in labelled) return refuse(row.line, labelled.fault);
    if (record.id !== '' && ids?.add(record.id) === false) repeatsIds = true;
    return { ...record, label: labelled.label };
  };

  async function* writeLines(): AsyncGenerator<Uint8Array> {
    let lines = '';
    for await (const row of rows) {
      const record = accept(row);
      if (record !== undefined) {
        accepted += 1;
        lines += `${JSON.stringify(record)}\n`;
      }
      if (lines.length > FLUSH_CHARS) {
        yield Buffer.from(lines);
        lines = '';
      }
      if ((accepted + refused) % PROGRESS_ROWS === 0) {
        signal?.throwIfAborted();
        await context.onProgress?.({ accepted, refused, total });
      }
    }
    if (lines !== '') yield Buffer.from(lines);
  }

  const rawKey = `${keyPrefix}/records.jsonl`;
  const raw = await store.put(rawKey, writeLines());
  const refusedKey = refused === 0 ? '' : `${keyPrefix}/refused.jsonl`;
  if (refusedKey !== '') {
    await store.put(refusedKey, refusedRows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }
  await context.onProgress?.({ accepted, refused, total: total ?? accepted + refused });
  if (accepted === 0)
    throw refused === 0
      ? holdsNoRecords(source, table.layout, ignored)
      : nothingUsable(source, refused, refusals, columns);
  if (Object.keys(map).length > 0) await maps?.keep?.(columns, map);
  const bayes = synthetic ? computeBayesLimit(QUALITY_MODEL, label.threshold) : null;
  return {
    source,
    rawKey,
    rawSha256: raw.sha256,
    accepted,
    refused,
    refusedKey,
    bayes,
    unrated,
    ignored,
    repeatsIds,
    ...(mapping.platform !== undefined && { recognised: mapping.platform.name }),
  };
}

function nothingUsable(
  source: string,
  refused: number,
  refusals: Refusals,
  columns: readonly string[],
): AppError {
  const shown = columns.slice(0, 30).map((name) => shorten(name));
  const fields = shown.length === 0 ? '' : `. Its fields are: ${shown.join(', ')}`;
  return new AppError(
    'bad-data',
    `${source}: all ${refused} rows were refused: ${refusals.describe().join('; ')}${fields}`,
    { details: { refused } },
  );
}
