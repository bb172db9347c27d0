/** Reads a file of records for `train` and `evaluate` as a pipeline run would: same columns, same checks, same label rule, same splits. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import { hashContent, ingestRecords, splitOf, type LabelledRecord, type Split } from '../data/index.ts';
import type { LabelledRow } from '../ml/index.ts';
import { createFolderStore } from '../tracking/index.ts';

export interface LabelledFile {
  records: LabelledRecord[];
  refused: number;
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
    const { rawKey, refused } = await ingestRecords({ ...data, source }, { store, keyPrefix: 'raw', signal });
    const lines = (await store.readText(rawKey)).split('\n').filter((line) => line !== '');
    // Written by ingestRecords a moment ago, checked row by row.
    return { records: lines.map((line) => JSON.parse(line) as LabelledRecord), refused };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The records by split. With a holdout of their own elsewhere, those that would be held out are trained on. */
export function splitRecords(
  records: readonly LabelledRecord[],
  fractions: Config['data']['split'],
  hasOwnHoldout: boolean,
): Record<Split, LabelledRecord[]> {
  const splits: Record<Split, LabelledRecord[]> = { train: [], validation: [], holdout: [] };
  for (const record of records) {
    const split = splitOf(hashContent(record.title, record.description), fractions);
    splits[split === 'holdout' && hasOwnHoldout ? 'train' : split].push(record);
  }
  return splits;
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
