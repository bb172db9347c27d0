/** The rows of a frozen holdout: which they are, and that none of them is trained on. */
import { AppError } from '../../core/errors.ts';
import { hashSplitKey, openSplit, splitPosition, type DatasetVersion } from '../../data/index.ts';
import { readFrozenFraction } from '../../tracking/index.ts';
import type { RunContext } from '../loop/context.ts';

export function isBelow(
  fraction: number,
  row: { title: string; description: string; group?: string },
): boolean {
  return splitPosition(hashSplitKey(row)) < fraction;
}

/**
 * @throws AppError `bad-data` when rows that would be trained on are frozen: the champion was judged on such
 */
export async function refuseFrozenRows(version: DatasetVersion, context: RunContext): Promise<void> {
  const { services, run, signal } = context;
  const { name: model } = run.options.model;
  const fraction = await readFrozenFraction(services.database.db, model);
  if (fraction === undefined) return;
  let frozen = 0;
  for (const split of ['train', 'validation'] as const) {
    for await (const row of openSplit(services.artifacts, version, split)) {
      if (isBelow(fraction, row)) frozen += 1;
    }
    signal.throwIfAborted();
  }
  if (frozen === 0) return;
  throw new AppError(
    'bad-data',
    `${frozen} rows of dataset version ${version.version} that would be trained on belong to the frozen holdout of ${model}, which its champions were judged on: data.split.holdoutFraction is ${version.manifest.splitRule.holdoutFraction} and must be at least ${fraction}, or train for another model.name`,
  );
}
