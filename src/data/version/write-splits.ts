/** Merged rows into one file per split, with everything that is counted on the way. */
import { createHash, type Hash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { SplitFractions } from './content.ts';
import { hashSplitKey, SPLITS, splitOf, type Split } from './content.ts';
import { createRowRenderer, type DatasetColumns, type Origin } from './dataset-row.ts';
import type { DriftMeter } from './drift.ts';
import type { MergedRow } from './merge-rows.ts';
import { createProfileBuilder, type Profile } from './profile.ts';

const FLUSH_CHARS = 1 << 18;

export interface WrittenSplits {
  digest: string;
  splits: Record<Split, { file: string; rows: number; positives: number }>;
  origins: Record<Origin, number>;
  profile: Profile;
}

/** @param rows in the order of their content hash */
export async function writeSplits(
  rows: AsyncIterable<MergedRow>,
  options: {
    folder: string;
    columns: DatasetColumns;
    fractions: SplitFractions;
    drift?: DriftMeter;
    signal?: AbortSignal;
  },
): Promise<WrittenSplits> {
  const { folder, fractions, drift, signal } = options;
  const { header, render } = createRowRenderer(options.columns);
  const digest: Hash = createHash('sha256');
  const profile = createProfileBuilder();
  const origins: Record<Origin, number> = { source: 0, feedback: 0 };
  const writers = {
    train: await openSplitWriter(folder, 'train', header),
    validation: await openSplitWriter(folder, 'validation', header),
    holdout: await openSplitWriter(folder, 'holdout', header),
  };
  try {
    for await (const { row, content, inherited } of rows) {
      signal?.throwIfAborted();
      const line = render(row);
      digest.update(line);
      profile.add(row);
      if (!inherited) drift?.add(row);
      origins[row.origin] += 1;
      await writers[splitOf(hashSplitKey(row, content), fractions)].write(line, row.label);
    }
  } finally {
    for (const split of SPLITS) await writers[split].close();
  }
  const { train, validation, holdout } = writers;
  return {
    digest: digest.digest('hex'),
    splits: { train: train.summary(), validation: validation.summary(), holdout: holdout.summary() },
    origins,
    profile: profile.build(),
  };
}

async function openSplitWriter(folder: string, split: Split, header: string) {
  const file = path.join(folder, `${split}.csv`);
  const handle: FileHandle = await open(file, 'w');
  let pending = header;
  let rows = 0;
  let positives = 0;
  const flush = async (): Promise<void> => {
    await handle.writeFile(pending);
    pending = '';
  };
  return {
    write: async (line: string, label: number): Promise<void> => {
      pending += line;
      rows += 1;
      positives += label;
      if (pending.length > FLUSH_CHARS) await flush();
    },
    close: async (): Promise<void> => {
      await flush();
      await handle.close();
    },
    summary: () => ({ file, rows, positives }),
  };
}
