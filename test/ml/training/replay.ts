/** Repeats a training that PyTorch did, from its recording, and says how far apart the two are. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import {
  parseDistilBertConfig,
  readWeights,
  WORD_EMBEDDINGS,
  type Weights,
} from '../../../src/ml/models/index.ts';
import { lossTargets } from '../../../src/ml/training/data.ts';
import { openEngine, type Engine } from '../../../src/ml/training/engine.ts';
import { createOptimizer } from '../../../src/ml/training/optimizer.ts';
import { learningRateAt } from '../../../src/ml/training/train.ts';

const matrix = z.array(z.array(z.number()));
const RECORDING = z.object({
  logits_step1: matrix,
  steps: z.array(
    z.object({
      input_ids: matrix,
      attention_mask: matrix,
      labels: z.array(z.number()),
      loss: z.number(),
      grad_norm_before_clip: z.number(),
      lr: z.number(),
    }),
  ),
});

export interface Replay {
  /** Largest relative differences. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly logits: number;
  /** Of each tensor, relative to its largest entry. */
  readonly gradients: ReadonlyMap<string, number>;
  readonly weights: ReadonlyMap<string, number>;
}

const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, maxGradientNorm: 1 };
/**
 * Tensors whose gradient is zero but for rounding (a key's bias moves every score alike) cannot be compared.
 */
const NEGLIGIBLE = 1e-6;

export async function replayRecording(directory: string): Promise<Replay> {
  const file = (name: string): string => path.join(directory, name);
  const config = parseDistilBertConfig(JSON.parse(await readFile(file('config.json'), 'utf8')));
  const recording = RECORDING.parse(JSON.parse(await readFile(file('steps.json'), 'utf8')));
  const engine = await openEngine({
    config,
    vocabulary: config.vocabulary,
    padIndex: config.padTokenId,
    isTrained: () => true,
    maxShape: [4, 12],
    accumulates: false,
    threads: 2,
  });
  try {
    const initial = await readWeights(file('initial.safetensors'));
    for (const slot of engine.memory.slots)
      engine.memory.view('weights', slot).set(tensor(initial, slot.name));

    const optimizer = createOptimizer(engine.memory, ADAMW);
    const schedule = { peak: 1e-3, warmupSteps: 2, totalSteps: recording.steps.length };
    const differences = { loss: 0, gradientNorm: 0, learningRate: 0, logits: 0 };
    let gradients: Map<string, number> | undefined;
    for (const [index, step] of recording.steps.entries()) {
      const { loss, logits } = await backward(engine, step, config.labels.length);
      gradients ??= compare(engine, 'gradients', await readWeights(file('gradients-step1.safetensors')));
      const norm = optimizer.gradientNorm();
      const learningRate = learningRateAt(schedule, index);
      optimizer.update(index + 1, learningRate, norm);
      const note = (key: keyof typeof differences, value: number): void => {
        differences[key] = Math.max(differences[key], value);
      };
      note('loss', Math.abs(loss / step.loss - 1));
      note('gradientNorm', Math.abs(norm / step.grad_norm_before_clip - 1));
      note('learningRate', Math.abs(learningRate - step.lr));
      if (index === 0) note('logits', distance(logits, Float32Array.from(recording.logits_step1.flat())));
    }
    const weights = compare(engine, 'weights', await readWeights(file('after-10-steps.safetensors')));
    return { ...differences, gradients: gradients ?? new Map(), weights };
  } finally {
    await engine.close();
  }
}

async function backward(
  engine: Engine,
  step: z.infer<typeof RECORDING>['steps'][number],
  classes: number,
): Promise<{ loss: number; logits: Float32Array }> {
  const tokenIndices = Int32Array.from(step.input_ids.flat());
  const rows = step.labels.map((_, row) => row);
  const batch = {
    rows,
    shape: [rows.length, tokenIndices.length / rows.length] as const,
    tokenIndices,
    inputIds: BigInt64Array.from(tokenIndices, BigInt),
    attentionMask: BigInt64Array.from(step.attention_mask.flat(), BigInt),
  };
  const targets = lossTargets(
    { inputIds: [], labels: step.labels },
    rows,
    Array(classes).fill(1),
    0,
    rows.length,
  );
  return engine.backward(batch, targets, { seed: 0, step: 0, part: 0 });
}

function compare(engine: Engine, block: 'gradients' | 'weights', reference: Weights): Map<string, number> {
  const result = new Map<string, number>();
  for (const slot of engine.memory.slots) {
    const expected = tensor(reference, slot.name);
    const isNegligible =
      block === 'gradients' && largest(expected) < NEGLIGIBLE && slot.name !== WORD_EMBEDDINGS;
    if (!isNegligible) result.set(slot.name, distance(engine.memory.view(block, slot), expected));
  }
  return result;
}

function tensor(weights: Weights, name: string): Float32Array {
  const found = weights.get(name);
  if (found === undefined) throw new Error(`the recording lacks ${name}`);
  return found.data;
}

function distance(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) return Infinity;
  const difference = actual.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))),
    0,
  );
  return difference / largest(expected);
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
