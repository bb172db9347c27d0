/**
 * From tokenised rows to the tensors of a step. Rows of like length share a batch, so that little is padding.
 */
import { AppError } from '../../core/errors.ts';
import { createRandom } from '../../core/random.ts';
import type { FullTraining, TokenRows } from './contract.ts';
import type { Vocabulary } from './weights.ts';

export interface Batch {
  readonly shape: readonly [batch: number, time: number];
  /** Indices into the vocabulary in use. */
  readonly tokenIndices: Int32Array;
  readonly inputIds: BigInt64Array;
  readonly attentionMask: BigInt64Array;
}

/** Lengths are rounded up to a multiple of this, so that ONNX Runtime meets few different shapes. */
const LENGTH_STEP = 8;
/** Rows are sorted by length within windows of this many batches: random enough, and hardly any padding. */
const WINDOW_BATCHES = 50;

/** @throws `unsupported` unless there are two classes, `bad-data` for rows that no loss can be computed of */
export function checkRows({ config, train, validation }: FullTraining): void {
  if (config.labels.length !== 2) {
    throw new AppError('unsupported', `training wants two classes; the model has ${config.labels.length}`);
  }
  for (const [name, rows] of Object.entries({ training: train, validation })) {
    if (rows === null) continue;
    const isUneven = rows.inputIds.length !== rows.labels.length;
    if (rows.labels.length === 0 || isUneven || rows.labels.some((label) => label !== 0 && label !== 1)) {
      throw new AppError(
        'bad-data',
        `the ${name} rows must be some, each with a label 0 or 1: there are ${rows.inputIds.length} rows and ${rows.labels.length} labels`,
      );
    }
  }
}

/**
 * One epoch's batches of row numbers, each row in exactly one. Rows are shuffled, sorted by length within
 * windows, cut into batches, and the batches are shuffled: order depends on seed and epoch alone.
 */
export function planEpoch(
  lengths: readonly number[],
  batchSize: number,
  seed: number,
  epoch: number,
): number[][] {
  const random = createRandom([seed, epoch, 0x5bd1e995, 0x27d4eb2f]);
  const rows = random.shuffle([...lengths.keys()]);
  const batches = chunk(rows, batchSize * WINDOW_BATCHES).flatMap((window) =>
    chunk(
      window.toSorted((a, b) => (lengths[a] as number) - (lengths[b] as number)),
      batchSize,
    ),
  );
  return random.shuffle(batches);
}

/** Batches for a pass without learning: rows sorted by length, which wastes the least. */
export function planValidation(lengths: readonly number[], batchSize: number): number[][] {
  const rows = [...lengths.keys()].toSorted((a, b) => (lengths[a] as number) - (lengths[b] as number));
  return chunk(rows, batchSize);
}

/** Length of the longest row, rounded up, as far as the encoder has positions. */
export function paddedLength(longest: number, positions: number): number {
  return Math.min(positions, Math.ceil(longest / LENGTH_STEP) * LENGTH_STEP);
}

export function assembleBatch(
  { inputIds }: TokenRows,
  rows: readonly number[],
  vocabulary: Vocabulary,
  { positions, padTokenId }: { positions: number; padTokenId: number },
): Batch {
  const sequences = rows.map((row) => inputIds[row] as readonly number[]);
  const longest = Math.max(...sequences.map((sequence) => sequence.length));
  if (longest > positions) {
    throw new AppError(
      'bad-data',
      `a row has ${longest} tokens; this encoder takes at most ${positions}: cut texts shorter`,
    );
  }
  const shape = [rows.length, paddedLength(longest, positions)] as const;
  const [, time] = shape;
  const tokenIndices = new Int32Array(rows.length * time).fill(vocabulary.indexOf(padTokenId));
  const attentionMask = new BigInt64Array(rows.length * time);
  sequences.forEach((sequence, row) => {
    sequence.forEach((id, position) => {
      tokenIndices[row * time + position] = vocabulary.indexOf(id);
      attentionMask[row * time + position] = 1n;
    });
  });
  return { shape, tokenIndices, inputIds: BigInt64Array.from(tokenIndices, BigInt), attentionMask };
}

/**
 * What the loss weighs log probabilities by: [rows, classes]. Each row's share of the step (its weight times
 * its class's, divided by the sum over all rows of the step) is spread over the classes, `smoothing` of it
 * evenly.
 */
export function lossTargets(
  { labels, weights }: TokenRows,
  rows: readonly number[],
  classWeights: readonly number[],
  smoothing: number,
  totalWeight: number,
): Float32Array {
  const classes = classWeights.length;
  const targets = new Float32Array(rows.length * classes);
  rows.forEach((row, i) => {
    const label = labels[row] as number;
    const share = rowWeight({ labels, weights }, row, classWeights) / totalWeight;
    for (let c = 0; c < classes; c += 1) {
      targets[i * classes + c] = share * (smoothing / classes + (c === label ? 1 - smoothing : 0));
    }
  });
  return targets;
}

export function sumWeights(
  rows: Pick<TokenRows, 'labels' | 'weights'>,
  numbers: readonly number[],
  classWeights: readonly number[],
): number {
  return numbers.reduce((sum, row) => sum + rowWeight(rows, row, classWeights), 0);
}

/**
 * `balanced`: weight of all rows / (classes * weight of the class's rows), as scikit-learn does; `none`, or a
 * class without rows, which nothing can balance: 1 each.
 */
export function weighClasses(
  { labels, weights }: Pick<TokenRows, 'labels' | 'weights'>,
  classes: number,
  mode: 'balanced' | 'none',
): readonly number[] {
  const totals = Array.from({ length: classes }, () => 0);
  labels.forEach((label, row) => {
    totals[label] = (totals[label] ?? 0) + (weights?.[row] ?? 1);
  });
  const sum = totals.reduce((one, other) => one + other, 0);
  if (mode === 'none' || totals.includes(0)) return totals.map(() => 1);
  return totals.map((total) => sum / (classes * total));
}

function rowWeight(
  { labels, weights }: Pick<TokenRows, 'labels' | 'weights'>,
  row: number,
  classWeights: readonly number[],
): number {
  return (weights?.[row] ?? 1) * (classWeights[labels[row] as number] as number);
}

/** Runs of `size` items, the last one shorter where they do not divide. */
export function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
