/**
 * Temperature scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks"): logits are divided by
 * the one number that makes the validation rows likeliest. Ranking and accuracy do not change; the
 * probabilities become honest.
 */
import { AppError } from '../../core/errors.ts';
import type { Tensor, Weights } from '../models/index.ts';

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** Temperatures outside this are noise of a validation set too small or separated perfectly. */
const MIN_TEMPERATURE = 0.2;
const MAX_TEMPERATURE = 10;

/**
 * The temperature in [0.2, 10] of least log loss on validation rows.
 *
 * Log loss is convex in 1 / temperature, so the sign of its derivative is bisected.
 *
 * @param margins logit of the positive class less that of the negative one, per row
 */
export function fitTemperature(
  margins: ArrayLike<number>,
  labels: readonly (0 | 1)[],
  weights?: readonly number[],
): number {
  if (margins.length !== labels.length) {
    throw new AppError('internal', `${margins.length} margins for ${labels.length} labels`);
  }
  const derivative = (inverse: number): number => {
    let sum = 0;
    for (let row = 0; row < labels.length; row += 1) {
      const margin = margins[row] ?? 0;
      sum += (weights?.[row] ?? 1) * margin * (sigmoid(inverse * margin) - (labels[row] ?? 0));
    }
    return sum;
  };
  let low = 1 / MAX_TEMPERATURE;
  let high = 1 / MIN_TEMPERATURE;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (derivative(middle) > 0) high = middle;
    else low = middle;
  }
  return 2 / (low + high);
}

/**
 * The weights with calibration inside the classifier, so that every runtime gives calibrated probabilities:
 * both logits are divided by the temperature, after half of the shift that balanced class weights caused was
 * taken from one and given to the other.
 */
export function foldCalibration(weights: Weights, temperature: number, priorShift: number): Weights {
  const weight = tensorOf(weights, 'classifier.weight');
  const bias = tensorOf(weights, 'classifier.bias');
  const centred = Float32Array.of((bias.data[0] ?? 0) + priorShift / 2, (bias.data[1] ?? 0) - priorShift / 2);
  const divided = (values: Float32Array): Float32Array => values.map((value) => value / temperature);
  return new Map(weights)
    .set('classifier.weight', { ...weight, data: divided(weight.data) })
    .set('classifier.bias', { ...bias, data: divided(centred) });
}

function tensorOf(weights: Weights, name: string): Tensor {
  const tensor = weights.get(name);
  if (tensor === undefined) throw new AppError('bad-model', `the weights lack the tensor "${name}"`);
  return tensor;
}
