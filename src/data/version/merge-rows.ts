/**
 * Drops duplicates and sorts, in bounded memory: rows are spilled into buckets by the first byte of their
 * content hash, then each bucket is read, merged and sorted by itself. The result is in the order of the
 * hash: the same whatever the order of the input, and as good as shuffled.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { splitLines } from '../split-lines.ts';
import { hashContent, NEAR_GROUP } from './content.ts';
import { createLaterFieldCollector, type DatasetColumns, type DatasetRow } from './dataset-row.ts';

const BUCKETS = 64;
const FLUSH_CHARS = 1 << 16;

export interface MergedRow {
  row: DatasetRow;
  /** Hash of `hashContent`. */
  content: Buffer;
  /** Whether it comes from the parent version unchanged. */
  inherited: boolean;
  /** Whether the parent version holds a row of the same text: it stays in its split. */
  isKnown: boolean;
}

export interface MergeCounts {
  /** Rows dropped because another has the same content. */
  duplicates: number;
  /** Of these, rows whose label differs from the one kept. */
  relabelled: number;
}

interface Spilled {
  hash: string;
  row: DatasetRow;
  inherited: boolean;
  isKnown: boolean;
  order: number;
}

export interface RowMerger {
  add(row: DatasetRow, inherited: boolean): Promise<void>;
  /** The rows that are kept, the same each time; after the last `add`. */
  readMerged(): AsyncGenerator<MergedRow>;
  readonly counts: MergeCounts;
  /** Fields added later that rows hold; complete after the last `add`. */
  readonly laterFields: DatasetColumns;
  close(): Promise<void>;
}

/** @param folder is made, and removed by `close` */
export async function openRowMerger(folder: string): Promise<RowMerger> {
  await mkdir(folder, { recursive: true });
  const files: FileHandle[] = [];
  const pending: string[] = Array.from({ length: BUCKETS }, () => '');
  const counts: MergeCounts = { duplicates: 0, relabelled: 0 };
  const pathOf = (bucket: number): string => path.join(folder, `bucket-${bucket}.jsonl`);
  let order = 0;
  let isFlushed = false;
  const later = createLaterFieldCollector();

  const flush = async (bucket: number): Promise<void> => {
    const file = (files[bucket] ??= await open(pathOf(bucket), 'w'));
    const lines = pending[bucket] ?? '';
    pending[bucket] = '';
    await file.writeFile(lines);
  };
  const closeFiles = async (): Promise<void> => {
    for (const file of files.splice(0)) await file?.close();
  };

  async function* readMerged(): AsyncGenerator<MergedRow> {
    if (!isFlushed) {
      for (let bucket = 0; bucket < BUCKETS; bucket += 1) await flush(bucket);
      await closeFiles();
      isFlushed = true;
    }
    counts.duplicates = 0;
    counts.relabelled = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const kept = await mergeBucket(pathOf(bucket), counts);
      for (const { hash, row, inherited, isKnown } of kept) {
        yield { row, content: Buffer.from(hash, 'hex'), inherited, isKnown };
      }
    }
  }

  return {
    counts,
    readMerged,
    get laterFields() {
      return later.list();
    },
    add: async (row, inherited) => {
      later.add(row);
      const content = hashContent(row.title, row.description);
      // Ascending buckets hold ascending hashes, so that the whole is sorted.
      const bucket = (content[0] ?? 0) >> 2;
      const spilled: Spilled = {
        hash: content.toString('hex'),
        row,
        inherited,
        isKnown: inherited,
        order: order++,
      };
      pending[bucket] += `${JSON.stringify(spilled)}\n`;
      if ((pending[bucket]?.length ?? 0) > FLUSH_CHARS) await flush(bucket);
    },
    close: async () => {
      await closeFiles();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function mergeBucket(file: string, counts: MergeCounts): Promise<Spilled[]> {
  const kept = new Map<string, Spilled>();
  for await (const line of splitLines(createReadStream(file))) {
    const next = JSON.parse(line.toString()) as Spilled;
    const before = kept.get(next.hash);
    if (before === undefined) {
      kept.set(next.hash, next);
      continue;
    }
    counts.duplicates += 1;
    if (before.row.label !== next.row.label) counts.relabelled += 1;
    const [winner, loser] = supersedes(next, before) ? [next, before] : [before, next];
    kept.set(next.hash, {
      ...winner,
      row: keepNearGroup(winner.row, loser.row),
      isKnown: winner.isKnown || loser.isKnown,
    });
  }
  return [...kept.values()].toSorted((a, b) => (a.hash < b.hash ? -1 : 1));
}

/** A row that comes again stays with the rows that it was nearly the same as, so in their split. */
function keepNearGroup(row: DatasetRow, other: DatasetRow): DatasetRow {
  const isAlone = (row.group ?? '') === '';
  return isAlone && other.group?.startsWith(NEAR_GROUP) === true ? { ...row, group: other.group } : row;
}

/**
 * Feedback beats a source; then the parent gives way; then the later time, where both have one; then the
 * later row.
 */
function supersedes(next: Spilled, before: Spilled): boolean {
  if (next.row.origin !== before.row.origin) return next.row.origin === 'feedback';
  if (next.inherited !== before.inherited) return !next.inherited;
  const [a, b] = [next.row.timestamp, before.row.timestamp];
  if (a !== null && b !== null && a !== b) return a > b;
  return next.order > before.order;
}
