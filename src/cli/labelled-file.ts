/**
 * Reads a file of records for `train` and `evaluate` as a pipeline run would: same columns, same checks, same
 * label rule, same duplicates dropped, same order, same splits.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import {
  createRefusals,
  findProducts,
  hashContent,
  hashSplitKey,
  ingestRecords,
  openRowMerger,
  splitOf,
  type LabelledRecord,
  type Split,
} from '../data/index.ts';
import type { LabelledRow } from '../ml/index.ts';
import { createFolderStore } from '../tracking/index.ts';
import type { Terminal } from './command.ts';

export interface LabelledFile {
  records: LabelledRecord[];
  refused: number;
  /** Of these the rows that nobody has rated. */
  unrated: number;
  /** The export that the file was recognised as. */
  recognised: string | undefined;
  /** The commonest reasons, with counts. */
  refusals: string[];
  /** Rows dropped because another has the same text. */
  duplicates: number;
}

/** @throws AppError `bad-data` when no row is usable, and what reading the file throws */
export async function readLabelledFile(
  file: string,
  options: { data: Config['data']; signal: AbortSignal },
): Promise<LabelledFile> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-read-'));
  try {
    const store = createFolderStore(folder);
    const { data, signal } = options;
    const source = { ...data.source, kind: 'file' as const, path: path.resolve(file) };
    const refusals = createRefusals();
    const context = { store, keyPrefix: 'raw', signal, refusals };
    const { rawKey, refused, unrated = 0, recognised } = await ingestRecords({ ...data, source }, context);
    const lines = (await store.readText(rawKey)).split('\n').filter((line) => line !== '');
    return {
      ...(await mergeLines(lines, path.join(folder, 'merged'))),
      refused,
      unrated,
      recognised,
      refusals: refusals.describe(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param lines written by ingestRecords a moment ago, checked row by row */
async function mergeLines(
  lines: readonly string[],
  folder: string,
): Promise<Pick<LabelledFile, 'records' | 'duplicates'>> {
  const merger = await openRowMerger(folder);
  try {
    const rows = lines.map((line) => JSON.parse(line) as LabelledRecord);
    const groupOf = await findProducts(rows);
    for (const row of rows) {
      const group = row.group ?? groupOf(row.id);
      await merger.add({ ...row, ...(group !== undefined && { group }), weight: 1, origin: 'source' }, false);
    }
    const records: LabelledRecord[] = [];
    for await (const { row } of merger.readMerged()) records.push(row);
    return { records, duplicates: merger.counts.duplicates };
  } finally {
    await merger.close();
  }
}

export function describeRows({ records, refused, unrated, duplicates, recognised }: LabelledFile): string {
  const notRated = unrated === 0 ? '' : ` (${unrated} of them not rated)`;
  const read = recognised === undefined ? '' : `, read as ${recognised}`;
  return `${records.length} records, ${refused} refused${notRated}, ${duplicates} duplicates${read}`;
}

/**
 * Says why rows of a file were refused: few that are left may all have one label, and the reason is then
 * here.
 */
export function noteRefusals(name: string, { refusals }: LabelledFile, terminal: Terminal): void {
  if (refusals.length > 0) terminal.note([`refused of ${name}:`, ...refusals].join('\n  '));
}

/**
 * The records by split. With a holdout of their own elsewhere, those that would be held out are trained on.
 */
export function splitRecords(
  records: readonly LabelledRecord[],
  fractions: Config['data']['split'],
  hasOwnHoldout: boolean,
): Record<Split, LabelledRecord[]> {
  const splits: Record<Split, LabelledRecord[]> = { train: [], validation: [], holdout: [] };
  for (const record of records) {
    const split = splitOf(hashSplitKey(record), fractions);
    splits[split === 'holdout' && hasOwnHoldout ? 'train' : split].push(record);
  }
  return splits;
}

/**
 * The records whose text is not among those that a model learns from: what it has seen says nothing of what
 * it can do.
 * @throws AppError `bad-data` when none is left
 */
export function leaveOutKnown(
  holdout: readonly LabelledRecord[],
  known: readonly LabelledRecord[],
): LabelledRecord[] {
  const hashOf = ({ title, description }: LabelledRecord): string =>
    hashContent(title, description).toString('hex');
  const seen = new Set(known.map(hashOf));
  const unknown = holdout.filter((record) => !seen.has(hashOf(record)));
  if (unknown.length === 0) {
    throw new AppError(
      'bad-data',
      `all ${holdout.length} rows of the holdout file are among the rows to train and validate on: name a file of other rows, or leave --holdout out`,
    );
  }
  return unknown;
}

export async function writeLabelledCsv(file: string, records: readonly LabelledRecord[]): Promise<void> {
  if (records.length === 0)
    throw new AppError('bad-data', `no records are left for ${path.basename(file)}: more data is needed`);
  await writeFile(
    file,
    stringify([...records], { header: true, columns: ['title', 'description', 'label', 'category'] }),
  );
}

export function toLabelledRows(records: readonly LabelledRecord[]): LabelledRow[] {
  return records.map(({ title, description, label, category }) => ({
    title,
    description,
    label,
    weight: 1,
    category,
  }));
}
