/**
 * The rows that `bench:quality` judges on: drawn by the synthetic generator or read from a file, split as
 * asked.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse';
import { AppError } from '../../src/core/errors.ts';
import {
  computeBayesLimit,
  drawRecords,
  hashContent,
  positivePosterior,
  QUALITY_MODEL,
  splitOf,
  SPLITS,
  type Split,
} from '../../src/data/index.ts';
import { classifierText } from '../../src/core/classifier-text.ts';
import type { LabelledRow } from '../../src/ml/index.ts';

/**
 * `pipeline`: as dataset versions are split. `sha256`: held out where the text's sha256 is divisible by 5, a
 * rule that any other program can follow.
 */
export const SPLIT_RULES = ['pipeline', 'sha256'] as const;
export type SplitRule = (typeof SPLIT_RULES)[number];

export interface BenchDataset {
  name: string;
  rows: Readonly<Record<Split, LabelledRow[]>>;
  files: Readonly<Record<Split, string>>;
  /**
   * Where the data is synthetic: the best accuracy there can be, exactly and by the best rule on these
   * held-out rows.
   */
  bayes: { exact: number; onHoldout: number } | null;
}

const FRACTIONS = { holdoutFraction: 0.2, validationFraction: 0.2 };

export async function drawSynthetic(
  options: { count: number; seed: number; threshold: number },
  folder: string,
): Promise<BenchDataset> {
  const rows = emptySplits();
  let correct = 0;
  for (const { record, truth } of drawRecords(options)) {
    const label = record.rating >= options.threshold ? 1 : 0;
    const split = splitOf(hashContent(record.title, record.description), FRACTIONS);
    rows[split].push({ title: record.title, description: record.description, label, weight: 1 });
    const praising = truth.cues.filter(Boolean).length;
    const posterior = positivePosterior(QUALITY_MODEL, options.threshold, truth.cues.length, praising);
    if (split === 'holdout' && (posterior >= 0.5 ? 1 : 0) === label) correct += 1;
  }
  const exact = computeBayesLimit(QUALITY_MODEL, options.threshold).accuracy;
  return {
    name: `${options.count} synthetic records, seed ${options.seed}`,
    rows,
    files: await writeSplits(rows, folder),
    bayes: { exact, onHoldout: correct / rows.holdout.length },
  };
}

/** Rows of a CSV with a header; rows without text or rating are left out, as are repeated texts. */
export async function readSource(
  file: string,
  options: { map: Readonly<Record<string, string>>; threshold: number; split: SplitRule },
  folder: string,
): Promise<BenchDataset> {
  const rows = emptySplits();
  const seen = new Set<string>();
  const column = (cells: Record<string, string>, field: string): string =>
    (cells[options.map[field] ?? field] ?? '').trim();
  const cellsOfRows = createReadStream(file).pipe(parse({ columns: true, bom: true }));
  for await (const cells of cellsOfRows as AsyncIterable<Record<string, string>>) {
    const [title, description] = [column(cells, 'title'), column(cells, 'description')];
    const rating = Number.parseFloat(column(cells, 'rating'));
    if (description === '' || Number.isNaN(rating)) continue;
    const content = hashContent(title, description);
    if (seen.has(content.toString('hex'))) continue;
    seen.add(content.toString('hex'));
    const row: LabelledRow = { title, description, label: rating >= options.threshold ? 1 : 0, weight: 1 };
    rows[options.split === 'pipeline' ? splitOf(content, FRACTIONS) : splitBySha256(row)].push(row);
  }
  if (rows.holdout.length === 0)
    throw new AppError('bad-data', `${file} gives no held-out rows: check --map`);
  return { name: path.basename(file), rows, files: await writeSplits(rows, folder), bayes: null };
}

function splitBySha256(row: LabelledRow): Split {
  const digest = createHash('sha256').update(classifierText(row)).digest();
  if (BigInt(`0x${digest.toString('hex')}`) % 5n === 0n) return 'holdout';
  return (digest[0] ?? 0) < 256 * FRACTIONS.validationFraction ? 'validation' : 'train';
}

function emptySplits(): Record<Split, LabelledRow[]> {
  return { train: [], validation: [], holdout: [] };
}

async function writeSplits(
  rows: Readonly<Record<Split, LabelledRow[]>>,
  folder: string,
): Promise<Record<Split, string>> {
  const files = await Promise.all(
    SPLITS.map(async (split) => {
      const file = path.join(folder, `${split}.csv`);
      const lines = rows[split].map((row) => `${quote(row.title)},${quote(row.description)},${row.label}`);
      await writeFile(file, ['title,description,label', ...lines, ''].join('\n'));
      return [split, file] as const;
    }),
  );
  return Object.fromEntries(files) as Record<Split, string>;
}

function quote(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
