/** A name for everything a training's outcome depends on, so that a checkpoint is never taken for another's. */
import { createHash } from 'node:crypto';
import { bytesOf } from '../onnx/index.ts';
import type { Weights } from '../models/index.ts';
import type { TokenRows } from './batches.ts';
import type { FullTraining } from './full-training.ts';

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
  hash.update(JSON.stringify([train, validation].map((rows) => rows && listRows(rows))));
  for (const [name, { data }] of [...weights].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(name).update(bytesOf(data));
  }
  return hash.digest('hex');
}

function listRows({ inputIds, labels, weights }: TokenRows): unknown {
  return { inputIds, labels, weights };
}
