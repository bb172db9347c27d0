/**
 * The work of the stage `generate-data`: draws or reads records, checks each, and leaves two artifacts, the accepted records with
 * their labels and the refused rows with the reason for each (both JSONL). Streams: memory does not grow with the source.
 */
import { MAPPABLE_FIELDS, type Config } from '../core/config/index.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { DestinationPolicy } from '../core/destination.ts';
import { AppError, assertNever } from '../core/errors.ts';
import { originAndPath } from '../core/public-address.ts';
import { listWantedColumns, readLabel, resolveColumns } from './field-map.ts';
import { createFingerprintSet } from './fingerprint-set.ts';
import { parseRecord, shorten, type Fault, type LabelledRecord } from './record.ts';
import { createRefusals, type RefusedRow, type Refusals } from './refusals.ts';
import { openFile, openUrl } from './source/open-source.ts';
import type { SourceRow, SourceTable } from './source/source-row.ts';
import { generateRecords } from './synthetic/generate-records.ts';
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
  /** Only for synthetic records: what the best classifier reaches. */
  bayes: BayesLimit | null;
}

const PROGRESS_ROWS = 1000;
const FLUSH_CHARS = 1 << 18;

/** @throws AppError `bad-data` when no row is usable, and what opening the source throws */
export async function ingestRecords(options: IngestOptions, context: IngestContext): Promise<IngestResult> {
  const { store, keyPrefix, signal, destinations, refusals = createRefusals() } = context;
  const source = describeSource(options.source);
  const table = await openSource(options, { signal, destinations });
  const synthetic = options.source.kind === 'synthetic';
  // Synthetic records have our names and a rating: a map or label column meant for another source does not concern them.
  const map = synthetic ? {} : options.map;
  const label = synthetic ? { ...options.label, column: null } : options.label;
  const resolved = resolveColumns(map, label, table.columns);
  const total = synthetic ? options.source.count : undefined;
  // Synthetic ids are unique by construction.
  const ids = synthetic ? undefined : createFingerprintSet();
  let fieldsSeen: string[] | undefined;
  const refusedRows: RefusedRow[] = [];
  let accepted = 0;
  let refused = 0;

  const refuse = (line: number, fault: Fault): void => {
    refused += 1;
    refusals.add({ line, ...fault });
    if (refusedRows.length < options.refusedKept) refusedRows.push({ line, ...fault });
  };
  const accept = (row: SourceRow): LabelledRecord | undefined => {
    if ('fault' in row) return (refuse(row.line, row.fault), undefined);
    fieldsSeen ??= Object.keys(row.values).slice(0, 30);
    const raw: Record<string, unknown> = {};
    for (const field of MAPPABLE_FIELDS) {
      const column = resolved[field];
      if (column !== undefined) raw[field] = row.values[column];
    }
    const parsed = parseRecord(raw);
    if ('fault' in parsed) return (refuse(row.line, parsed.fault), undefined);
    const { record } = parsed;
    const labelled = readLabel(label, record, row.values);
    if ('fault' in labelled) return (refuse(row.line, labelled.fault), undefined);
    if (record.id !== '' && ids?.add(record.id) === false) {
      refuse(row.line, {
        field: 'id',
        value: shorten(record.id),
        reason: 'stands in an earlier row already',
      });
      return undefined;
    }
    return { ...record, label: labelled.label };
  };

  async function* writeLines(): AsyncGenerator<Uint8Array> {
    let lines = '';
    for await (const row of table.rows) {
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
  if (accepted === 0) throw nothingUsable(source, refused, refusals, fieldsSeen);
  const bayes = synthetic ? computeBayesLimit(QUALITY_MODEL, label.threshold) : null;
  return { source, rawKey, rawSha256: raw.sha256, accepted, refused, refusedKey, bayes };
}

async function openSource(
  options: IngestOptions,
  { signal, destinations }: Pick<IngestContext, 'signal' | 'destinations'>,
): Promise<SourceTable> {
  const { source } = options;
  const wanted = listWantedColumns(options.map, options.label);
  switch (source.kind) {
    case 'synthetic':
      return { columns: MAPPABLE_FIELDS, rows: drawRows(source.count, source.seed) };
    case 'file':
      return await openFile(required(source.path, 'path'), wanted);
    case 'http':
      return await openUrl(required(source.url, 'url'), wanted, {
        timeoutMs: source.timeoutMs,
        maxBytes: source.maxBytes,
        signal,
        destinations,
      });
    default:
      return assertNever(source.kind);
  }
}

async function* drawRows(count: number, seed: number): AsyncGenerator<SourceRow> {
  let line = 0;
  for (const record of generateRecords({ count, seed })) {
    line += 1;
    // The generator never waits by itself: without this the timers of the process would starve.
    if (line % PROGRESS_ROWS === 0) await new Promise((resolve) => setImmediate(resolve));
    yield { line, values: { ...record } };
  }
}

function describeSource(source: IngestOptions['source']): string {
  switch (source.kind) {
    case 'synthetic':
      return `synthetic (count ${source.count}, seed ${source.seed})`;
    case 'file':
      return source.path ?? '';
    case 'http':
      return originAndPath(new URL(required(source.url, 'url')));
    default:
      return assertNever(source.kind);
  }
}

function required(value: string | null, key: string): string {
  if (value === null)
    throw new AppError('invalid-config', `data.source.${key} must be set for this kind of source`);
  return value;
}

function nothingUsable(
  source: string,
  refused: number,
  refusals: Refusals,
  fieldsSeen: readonly string[] = [],
): AppError {
  const fields =
    fieldsSeen.length === 0 ? '' : `. Its fields are: ${fieldsSeen.map((name) => shorten(name)).join(', ')}`;
  return new AppError(
    'bad-data',
    refused === 0
      ? `${source} holds no records`
      : `${source}: all ${refused} rows were refused: ${refusals.describe().join('; ')}${fields}`,
    { details: { refused } },
  );
}
