/** A name for everything a training's outcome depends on, so that a checkpoint is never taken for another's. */
import { createHash, type Hash } from 'node:crypto';
import { bytesOf } from '../onnx/index.ts';
import type { Weights } from '../models/index.ts';
import type { TokenRows } from './data.ts';
import type { FullTraining } from './contract.ts';

type Inputs = Pick<FullTraining, 'config' | 'train' | 'validation' | 'settings' | 'seed' | 'threads'> & {
  readonly weights: Weights;
};

/** Checkpoints may be more or less frequent without being another training's. */
export function fingerprintOf({
  config,
  weights,
  train,
  validation,
  settings,
  seed,
  threads,
}: Inputs): string {
  const { checkpointEverySteps: _any, ...rest } = settings;
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ config, settings: rest, seed, threads }));
  for (const rows of [train, validation]) addRows(hash, rows);
  for (const [name, { data }] of [...weights].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name).update(bytesOf(data));
  }
  return hash.digest('hex');
}

/** Row by row: one text of them all would be longer than a string can be. */
function addRows(hash: Hash, rows: TokenRows | null): void {
  hash.update(`${rows?.labels.length ?? 'no'} rows;`);
  rows?.labels.forEach((label, row) => {
    hash.update(`${label}*${rows.weights?.[row] ?? 1}:${String(rows.inputIds[row])};`);
  });
}
