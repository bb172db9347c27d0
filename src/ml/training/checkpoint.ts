/**
 * What a training needs to go on as if it had never stopped. Randomness needs no state of its own: batches
 * and dropout follow from seed, epoch and step.
 */
import { createHash, type Hash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AppError, toError } from '../../core/errors.ts';
import { pathExists } from '../../core/path-exists.ts';
import { readTensorFile, writeWeights, type Weights } from '../models/index.ts';
import { bytesOf } from '../onnx/index.ts';
import type { TrainingMemory } from '../wasm/index.ts';
import { epochReportSchema, type EpochReport, type FullTraining, type TokenRows } from './contract.ts';

/** Weights of the last epoch that validated as well as any. */
interface Best {
  readonly epoch: number;
  readonly unusedRowDecay: number;
  readonly weights: Float32Array;
}

export interface Progress {
  /** Steps of the optimiser done. */
  step: number;
  /** What is left of a row of the word embedding whose token does not occur in the data. */
  unusedRowDecay: number;
  /** Sum of the losses of the current epoch's steps so far. */
  epochLoss: number;
  reports: EpochReport[];
  best: Best | null;
}

/** `idleDecay` is what files call `unusedRowDecay`. */
const STATE = z.object({
  fingerprint: z.string(),
  step: z.number(),
  idleDecay: z.number(),
  epochLoss: z.number(),
  reports: z.array(epochReportSchema),
  best: z.object({ epoch: z.number(), idleDecay: z.number() }).nullable(),
});

const FILE_NAME = 'checkpoint.safetensors';
const SAVED_BLOCKS = ['weights', 'means', 'variances'] as const;
const BEST_TENSOR = 'best';

function checkpointFile(directory: string): string {
  return path.join(directory, FILE_NAME);
}

/** @param fingerprint of everything the training depends on: only the same training may go on from here */
export async function saveCheckpoint(
  directory: string,
  fingerprint: string,
  memory: TrainingMemory,
  { best, unusedRowDecay, ...progress }: Progress,
): Promise<void> {
  const state: z.infer<typeof STATE> = {
    ...progress,
    fingerprint,
    idleDecay: unusedRowDecay,
    best: best === null ? null : { epoch: best.epoch, idleDecay: best.unusedRowDecay },
  };
  const blocks = SAVED_BLOCKS.map((block): [string, Float32Array] => [block, memory.trained(block)]);
  if (best !== null) blocks.push([BEST_TENSOR, best.weights]);
  const tensors = new Map(blocks.map(([name, data]) => [name, { shape: [data.length], data }]));
  await mkdir(directory, { recursive: true });
  await writeWeights(checkpointFile(directory), tensors, 'F32', { state: JSON.stringify(state) });
}

/**
 * Brings memory and progress to where they were; null when there is no checkpoint. What a killed save left is
 * removed. Throws `conflict` for a checkpoint that cannot be gone on from: another training's, or a damaged
 * one.
 */
export async function loadCheckpoint(
  directory: string,
  fingerprint: string,
  memory: TrainingMemory,
): Promise<Progress | null> {
  const file = checkpointFile(directory);
  await removeUnfinished(directory);
  if (!(await pathExists(file))) return null;
  const { fingerprint: own, progress, blocks } = await readCheckpoint(file);
  if (own !== fingerprint) {
    throw new AppError(
      'conflict',
      `${file} belongs to a training of other data, settings or weights: remove it, or use another directory`,
    );
  }
  for (const [block, data] of blocks) memory.trained(block).set(data);
  return progress;
}

async function readCheckpoint(file: string): Promise<{
  fingerprint: string;
  progress: Progress;
  blocks: readonly (readonly [(typeof SAVED_BLOCKS)[number], Float32Array])[];
}> {
  try {
    const { weights, metadata } = await readTensorFile(file);
    const { fingerprint, best, idleDecay, ...progress } = STATE.parse(
      JSON.parse(metadata['state'] ?? 'null'),
    );
    return {
      fingerprint,
      progress: {
        ...progress,
        unusedRowDecay: idleDecay,
        best:
          best === null
            ? null
            : { epoch: best.epoch, unusedRowDecay: best.idleDecay, weights: dataOf(weights, BEST_TENSOR) },
      },
      blocks: SAVED_BLOCKS.map((block) => [block, dataOf(weights, block)] as const),
    };
  } catch (thrown) {
    throw new AppError(
      'conflict',
      `${file} is no checkpoint that a training can go on from (${toError(thrown).message}): remove it`,
      { cause: thrown },
    );
  }
}

function dataOf(weights: Weights, name: string): Float32Array {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new Error(`it lacks "${name}"`);
  return tensor.data;
}

async function removeUnfinished(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  const unfinished = names.filter((name) => name.startsWith(FILE_NAME) && name.endsWith('.tmp'));
  await Promise.all(unfinished.map((name) => rm(path.join(directory, name), { force: true })));
}

type FingerprintInputs = Pick<
  FullTraining,
  'config' | 'train' | 'validation' | 'settings' | 'seed' | 'threads'
> & {
  readonly weights: Weights;
};

/**
 * A name for everything a training's outcome depends on, so that a checkpoint is never taken for another's.
 * Checkpoints may be more or less frequent without being another training's.
 */
export function fingerprintOf({
  config,
  weights,
  train,
  validation,
  settings,
  seed,
  threads,
}: FingerprintInputs): string {
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
