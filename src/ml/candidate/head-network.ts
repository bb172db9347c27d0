/**
 * The classification head as TensorFlow.js computes it: standardised states, pre_classifier, ReLU, dropout,
 * classifier.
 *
 * The start is chosen so that training begins as logistic regression: pre_classifier hands every standardised
 * state through (identity, moved by three deviations so that ReLU cuts almost nothing) and the classifier is
 * zero. What that gains over a random start: docs/decisions/0007-training-settings.md.
 */
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import type { Tensor } from '../models/index.ts';
import type { TensorFlow } from './tensorflow.ts';

/** Deviations above the mean of its input at which a unit of pre_classifier starts. */
const START_SHIFT = 3;

export interface HeadWeights {
  hidden: Float32Array; // [dim, dim], input by output
  hiddenBias: Float32Array; // [dim]
  output: Float32Array; // [dim, 2]
  outputBias: Float32Array; // [2]
}

export interface Batch {
  states: Tensor2D; // [batch, dim], standardised
  /** Share of each class in the row's target, times the row's weight. */
  targets: Tensor2D; // [batch, 2]
}

export interface HeadNetwork {
  /** One step of Adam; returns the batch's loss without the penalty. */
  step(batch: Batch, dropoutMask: Tensor2D | null): number;
  /** Logits without dropout, read back: [rows, 2]. */
  logits(states: Tensor2D): Float32Array;
  read(): HeadWeights;
  close(): void;
}

export function openHeadNetwork(
  tf: TensorFlow,
  settings: { dim: number; learningRate: number; weightDecay: number },
): HeadNetwork {
  const { dim } = settings;
  const start = tf.eye(dim);
  const hidden: Variable = tf.variable(start);
  const hiddenBias: Variable = tf.variable(tf.mul(tf.ones([dim]), START_SHIFT));
  const output: Variable = tf.variable(tf.zeros([dim, 2]));
  const outputBias: Variable = tf.variable(tf.zeros([2]));
  const variables = [hidden, hiddenBias, output, outputBias];
  const optimizer = tf.train.adam(settings.learningRate);

  const forward = (states: Tensor2D, mask: Tensor2D | null): Tensor2D => {
    // [batch, dim]
    const active = tf.relu(tf.add(tf.matMul(states, hidden as unknown as Tensor2D), hiddenBias));
    const kept = mask === null ? active : tf.mul(active, mask);
    return tf.add(tf.matMul(kept as Tensor2D, output as unknown as Tensor2D), outputBias); // [batch, 2]
  };
  const crossEntropy = ({ states, targets }: Batch, mask: Tensor2D | null) => {
    const logits = forward(states, mask);
    const logPartition = tf.logSumExp(logits, 1, true); // [batch, 1]
    return tf.div(tf.sum(tf.mul(targets, tf.sub(logPartition, logits))), states.shape[0]);
  };
  const penalty = () =>
    tf.mul(tf.add(tf.sum(tf.square(output)), tf.sum(tf.square(tf.sub(hidden, start)))), settings.weightDecay);

  return {
    step: (batch, mask) =>
      tf.tidy(() => {
        let loss = Number.NaN;
        const { grads } = tf.variableGrads(() => {
          const objective = crossEntropy(batch, mask);
          loss = objective.dataSync()[0] ?? Number.NaN;
          return (settings.weightDecay === 0 ? objective : tf.add(objective, penalty())) as Scalar;
        }, variables);
        optimizer.applyGradients(grads as Parameters<typeof optimizer.applyGradients>[0]);
        return loss;
      }),
    logits: (states) => tf.tidy(() => forward(states, null).dataSync() as Float32Array),
    read: () => ({
      hidden: copyOf(hidden),
      hiddenBias: copyOf(hiddenBias),
      output: copyOf(output),
      outputBias: copyOf(outputBias),
    }),
    close: () => {
      for (const variable of variables) variable.dispose();
      start.dispose();
      optimizer.dispose();
    },
  };
}

/** Logit of good less that of bad of standardised states [rows, dim], without TensorFlow: [rows]. */
export function headMargins(
  { hidden, hiddenBias, output, outputBias }: HeadWeights,
  states: Float32Array,
  dim: number,
): Float32Array {
  const bias = (outputBias[1] ?? 0) - (outputBias[0] ?? 0);
  const used = Array.from(hiddenBias.keys()).filter((unit) => output[unit * 2 + 1] !== output[unit * 2]);
  return Float32Array.from({ length: states.length / dim }, (_, row) => {
    let margin = bias;
    for (const unit of used) {
      let sum = hiddenBias[unit] as number;
      for (let input = 0; input < dim; input += 1)
        sum += (states[row * dim + input] as number) * (hidden[input * dim + unit] as number);
      if (sum > 0) margin += sum * ((output[unit * 2 + 1] as number) - (output[unit * 2] as number));
    }
    return margin;
  });
}

function copyOf(variable: Variable): Float32Array {
  return new Float32Array(variable.dataSync());
}

/** Zeros with the given probability, the rest scaled up so that the mean stays: [rows, columns]. */
export function drawDropoutMask(random: Random, elements: number, probability: number): Float32Array {
  const kept = 1 / (1 - probability);
  return Float32Array.from({ length: elements }, () => (random.chance(probability) ? 0 : kept));
}

/** Mean and deviation of each column of row-major [rows, dim]; a constant column gets deviation 1. */
export function columnMoments(
  values: Float32Array,
  dim: number,
): { mean: Float64Array; deviation: Float64Array } {
  const rows = values.length / dim;
  const mean = new Float64Array(dim);
  const deviation = new Float64Array(dim);
  values.forEach((value, index) => {
    mean[index % dim] = (mean[index % dim] ?? 0) + value / rows;
  });
  values.forEach((value, index) => {
    deviation[index % dim] = (deviation[index % dim] ?? 0) + (value - (mean[index % dim] ?? 0)) ** 2 / rows;
  });
  return { mean, deviation: deviation.map((variance) => (variance > 1e-12 ? Math.sqrt(variance) : 1)) };
}

/**
 * The head under Hugging Face's names for states as the encoder gives them: the standardisation goes into
 * pre_classifier, h = D^T ((x - mean) / deviation) + b = (D / deviation)^T x + (b - (D / deviation)^T mean).
 */
export function foldStandardisation(
  weights: HeadWeights,
  moments: { mean: Float64Array; deviation: Float64Array },
): [name: string, tensor: Tensor][] {
  const dim = weights.hiddenBias.length;
  const weight = new Float32Array(dim * dim);
  const bias = new Float32Array(dim);
  const classifier = new Float32Array(2 * dim);
  for (let out = 0; out < dim; out += 1) {
    let moved = weights.hiddenBias[out] ?? 0;
    for (let input = 0; input < dim; input += 1) {
      const scaled = (weights.hidden[input * dim + out] ?? 0) / (moments.deviation[input] ?? 1);
      weight[out * dim + input] = scaled;
      moved -= scaled * (moments.mean[input] ?? 0);
    }
    bias[out] = moved;
    for (const label of [0, 1]) classifier[label * dim + out] = weights.output[out * 2 + label] ?? 0;
  }
  return [
    ['pre_classifier.weight', tensor([dim, dim], weight)],
    ['pre_classifier.bias', tensor([dim], bias)],
    ['classifier.weight', tensor([2, dim], classifier)],
    ['classifier.bias', tensor([2], weights.outputBias)],
  ];
}

function tensor(shape: number[], data: Float32Array): Tensor {
  return { dtype: 'F32', shape, data };
}
