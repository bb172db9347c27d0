/**
 * How two dataset versions differ: row by row, since both hold theirs in the order of the same hash, and as
 * distributions. Memory does not grow with the rows.
 */
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { hashContent, SPLITS, type Split } from './content.ts';
import type { DatasetRow } from './dataset-row.ts';
import { openSplit, readProfile, type DatasetVersion } from './dataset-versions.ts';
import { createDriftMeter, type Drift, type DriftLimits } from './drift.ts';

export const ROW_CHANGES = ['added', 'removed', 'relabelled', 'moved', 'changed'] as const;
/**
 * `moved`: to another split; `changed`: in price, rating, weight or another field that is neither text nor
 * label.
 */
export type RowChange = (typeof ROW_CHANGES)[number];

export interface RowDifference {
  change: RowChange;
  content: string;
  id: string;
  title: string;
  split: Split;
  label: number;
  /** Of the earlier version, where the row was there. */
  before: { split: Split; label: number } | null;
}

export interface VersionDiff {
  same: number;
  rows: Record<RowChange, number>;
  /** The first of each kind. */
  examples: RowDifference[];
  /** Of all rows of `b` against those of `a`. */
  distribution: Drift;
}

const EXAMPLES = 20;

interface Placed {
  content: string;
  split: Split;
  row: DatasetRow;
}

export async function diffVersions(
  store: ArtifactStore,
  a: DatasetVersion,
  b: DatasetVersion,
  limits: DriftLimits,
  signal?: AbortSignal,
): Promise<VersionDiff> {
  const rows: VersionDiff['rows'] = { added: 0, removed: 0, relabelled: 0, moved: 0, changed: 0 };
  const examples: RowDifference[] = [];
  const note = (change: RowChange, { content, split, row }: Placed, before: Placed | undefined): void => {
    rows[change] += 1;
    if (rows[change] > EXAMPLES) return;
    const { id, title, label } = row;
    const was = before === undefined ? null : { split: before.split, label: before.row.label };
    examples.push({ change, content, id, title, split, label, before: was });
  };
  const meter = createDriftMeter(await readProfile(store, a), limits);
  let same = 0;
  const left = readSorted(store, a);
  const right = readSorted(store, b);
  let [one, two] = [await left.next(), await right.next()];
  try {
    while (one.done !== true || two.done !== true) {
      signal?.throwIfAborted();
      const order = compare(one, two);
      if (order < 0 && one.done !== true) note('removed', one.value, one.value);
      if (order > 0 && two.done !== true) note('added', two.value, undefined);
      if (order === 0 && one.done !== true && two.done !== true) {
        const change = compareRows(one.value, two.value);
        if (change === undefined) same += 1;
        else note(change, two.value, one.value);
      }
      if (order >= 0 && two.done !== true) meter.add(two.value.row);
      if (order <= 0) one = await left.next();
      if (order >= 0) two = await right.next();
    }
  } finally {
    await left.return(undefined);
    await right.return(undefined);
  }
  return { same, rows, examples, distribution: meter.build(a.version) };
}

function compare(one: IteratorResult<Placed>, two: IteratorResult<Placed>): number {
  if (one.done === true) return 1;
  if (two.done === true) return -1;
  return one.value.content === two.value.content ? 0 : one.value.content < two.value.content ? -1 : 1;
}

function compareRows(before: Placed, now: Placed): RowChange | undefined {
  if (before.row.label !== now.row.label) return 'relabelled';
  if (before.split !== now.split) return 'moved';
  const fields = new Set([...Object.keys(before.row), ...Object.keys(now.row)]) as Set<keyof DatasetRow>;
  for (const field of fields)
    if (JSON.stringify(before.row[field]) !== JSON.stringify(now.row[field])) return 'changed';
  return undefined;
}

/** Rows of all splits in the order of their hash, as each file holds its own. */
async function* readSorted(store: ArtifactStore, version: DatasetVersion): AsyncGenerator<Placed, void> {
  const heads = await Promise.all(
    SPLITS.map(async (split) => {
      const rows = openSplit(store, version, split)[Symbol.asyncIterator]();
      return { split, rows, next: await advance(rows, split) };
    }),
  );
  try {
    for (;;) {
      const least = heads.reduce((a, b) => ((b.next?.content ?? 'g') < (a.next?.content ?? 'g') ? b : a));
      if (least.next === undefined) return;
      yield least.next;
      least.next = await advance(least.rows, least.split);
    }
  } finally {
    for (const { rows } of heads) await rows.return?.(undefined);
  }
}

async function advance(rows: AsyncIterator<DatasetRow>, split: Split): Promise<Placed | undefined> {
  const next = await rows.next();
  if (next.done === true) return undefined;
  const row = next.value;
  return { content: hashContent(row.title, row.description).toString('hex'), split, row };
}
