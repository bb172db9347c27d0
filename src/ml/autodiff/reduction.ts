/** Operators that combine the elements of an axis: sums, softmax, layer normalisation. */
import { add, exp, multiply, subtract } from './elementwise.ts';
import { applyOne, type Operator, type Value } from './graph.ts';
import { matmul } from './matrix.ts';
import { dimAt, renderShape, sameShape, shapeError } from './shape.ts';
import { expand, reshape } from './shaping.ts';

export const SUM: Operator<{ axes: readonly number[] }> = {
  name: 'sum',
  infer: ([x], { axes }) => {
    const shape = (x as Value).shape;
    for (const axis of axes) dimAt(shape, axis);
    return [{ dtype: 'float32', shape: shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim)) }];
  },
  emit: ({ attributes: { axes } }, emitter) => ({
    type: 'ReduceSum',
    extraInputs: [emitter.integers(axes)],
    attributes: { keepdims: 1 },
  }),
  gradient: ({ inputs: [x] }, dy) => [expand(dy, (x as Value).shape)],
};

/** Sum over some axes, which stay with size 1. */
export function sum(x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x;
  const isOverRows = x.shape.length === 2 && axes.length === 1 && axes[0] === 0;
  return isOverRows ? sumRows(x) : applyOne(SUM, [x], { axes });
}

/** [rows, n] -> [1, n] as a product with ones: ONNX Runtime takes two to five times as long for ReduceSum. */
function sumRows(x: Value): Value {
  return matmul(expand(x.graph.scalar(1), [1, dimAt(x.shape, 0)]), x);
}

/** Sum over everything, as a scalar. */
export function sumAll(x: Value): Value {
  return reshape(sum(x, [...x.shape.keys()]), []);
}

export const SOFTMAX: Operator<null> = {
  name: 'softmax',
  infer: ([x]) => [{ dtype: 'float32', shape: (x as Value).shape }],
  emit: () => ({ type: 'Softmax', attributes: { axis: -1 } }),
  gradient: ({ outputs: [y] }, dy) => {
    const p = y as Value;
    return [multiply(p, subtract(dy, sumLast(multiply(dy, p))))];
  },
};

/** Probabilities along the last axis. */
export function softmax(x: Value): Value {
  return applyOne(SOFTMAX, [x], null);
}

export const LOG_SOFTMAX: Operator<null> = {
  name: 'logSoftmax',
  infer: ([x]) => [{ dtype: 'float32', shape: (x as Value).shape }],
  emit: () => ({ type: 'LogSoftmax', attributes: { axis: -1 } }),
  gradient: ({ outputs: [y] }, dy) => [subtract(dy, multiply(exp(y as Value), sumLast(dy)))],
};

/** Logarithms of the probabilities along the last axis. */
export function logSoftmax(x: Value): Value {
  return applyOne(LOG_SOFTMAX, [x], null);
}

export const LAYER_NORM: Operator<{ epsilon: number }> = {
  name: 'layerNorm',
  infer: ([x, gain, bias]) => {
    const shape = (x as Value).shape;
    if (shape.length !== 2) throw shapeError('it wants rows of a matrix');
    const row = [dimAt(shape, -1)];
    for (const weight of [gain, bias]) {
      if (!sameShape((weight as Value).shape, row))
        throw shapeError(`gain and bias must be ${renderShape(row)}`);
    }
    const perRow = { dtype: 'float32', shape: [...shape.slice(0, -1), 1] } as const;
    return [{ dtype: 'float32', shape }, perRow, perRow];
  },
  emit: ({ attributes: { epsilon } }) => ({
    type: 'LayerNormalization',
    attributes: { axis: -1, epsilon: { float: epsilon } },
  }),
  gradient: ({ inputs, outputs }, dy) => {
    const [x, gain] = inputs as [Value, Value];
    const [, mean, inverseDeviation] = outputs as [Value, Value, Value];
    const width = Number(dimAt(x.shape, -1));
    const normal = multiply(subtract(x, mean), inverseDeviation);
    const dGain = multiply(dy, normal);
    /** Mean along the row of what `value` is once the gain has stretched it. */
    const meanStretched = (value: Value): Value =>
      matmul(value, reshape(gain, [width, 1]), { alpha: 1 / width });
    // The part of the gradient that would change mean or deviation has no effect on the output.
    const lost = add(meanStretched(dy), multiply(normal, meanStretched(dGain)));
    return [multiply(subtract(multiply(dy, gain), lost), inverseDeviation), dGain, dy];
  },
};

/** Rows of the last axis brought to mean 0 and deviation 1, then stretched by `gain` and moved by `bias`. */
export function layerNorm(x: Value, gain: Value, bias: Value, epsilon: number): Value {
  return applyOne(LAYER_NORM, [x, gain, bias], { epsilon });
}

function sumLast(x: Value): Value {
  return sum(x, [x.shape.length - 1]);
}
