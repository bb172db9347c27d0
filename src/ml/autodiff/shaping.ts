/** Operators that move values without changing them. */
import { applyOne, type Operator, type Value, type ValueType } from './graph.ts';
import {
  broadcast,
  dimAt,
  renderShape,
  sameElementCount,
  sameShape,
  shapeError,
  type Dim,
  type Shape,
} from './shape.ts';

export const RESHAPE: Operator<{ shape: Shape }> = {
  name: 'reshape',
  infer: ([x], { shape }) => {
    if (!sameElementCount(typeOf(x).shape, shape)) {
      throw shapeError(`${renderShape(shape)} holds another number of elements`);
    }
    return [{ ...typeOf(x), shape }];
  },
  emit: ({ attributes: { shape } }, emitter) => {
    const unknown = shape.filter((dim) => typeof dim === 'string').length;
    // ONNX finds one unknown dimension by itself, which spares reading it from the inputs.
    const target =
      unknown <= 1
        ? emitter.integers(shape.map((dim) => (typeof dim === 'string' ? -1 : dim)))
        : emitter.dims(shape);
    return { type: 'Reshape', extraInputs: [target] };
  },
  gradient: ({ inputs: [x] }, dy) => [reshape(dy, typeOf(x).shape)],
};

export function reshape(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : applyOne(RESHAPE, [x], { shape });
}

export const TRANSPOSE: Operator<{ order: readonly number[] }> = {
  name: 'transpose',
  infer: ([x], { order }) => {
    const { dtype, shape } = typeOf(x);
    if (order.length !== shape.length) throw shapeError(`the order [${order.join(', ')}] names other axes`);
    return [{ dtype, shape: order.map((axis) => dimAt(shape, axis)) }];
  },
  emit: ({ attributes: { order } }) => ({ type: 'Transpose', attributes: { perm: order } }),
  gradient: ({ attributes: { order } }, dy) => [
    transpose(
      dy,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
};

/** Axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  return applyOne(TRANSPOSE, [x], { order });
}

export const TAKE_FIRST: Operator<{ axis: number; length: Dim }> = {
  name: 'takeFirst',
  infer: ([x], { axis, length }) => {
    const { dtype, shape } = typeOf(x);
    const present = dimAt(shape, axis);
    if (typeof present === 'number' && typeof length === 'number' && length > present) {
      throw shapeError(`axis ${axis} has ${present} entries, fewer than ${length}`);
    }
    return [{ dtype, shape: shape.with(axis, length) }];
  },
  emit: ({ attributes: { axis, length } }, emitter) => ({
    type: 'Slice',
    extraInputs: [emitter.integers([0]), emitter.dims([length]), emitter.integers([axis])],
  }),
  gradient: ({ inputs: [x], attributes: { axis } }, dy) => [padTo(dy, axis, dimAt(typeOf(x).shape, axis))],
};

/** The first `length` entries along an axis. */
export function takeFirst(x: Value, axis: number, length: Dim): Value {
  return applyOne(TAKE_FIRST, [x], { axis, length });
}

export const PAD_TO: Operator<{ axis: number; length: Dim }> = {
  name: 'padTo',
  infer: ([x], { axis, length }) => {
    const { dtype, shape } = typeOf(x);
    dimAt(shape, axis);
    return [{ dtype, shape: shape.with(axis, length) }];
  },
  emit: ({ inputs: [x], attributes: { axis, length } }, emitter) => {
    const { shape } = typeOf(x);
    // ONNX lists what to add before every axis, then what to add after every axis.
    const before = shape.length + axis;
    const pads = emitter.paddedDifference(length, dimAt(shape, axis), before, 2 * shape.length - before - 1);
    return { type: 'Pad', extraInputs: [pads] };
  },
  gradient: ({ inputs: [x], attributes: { axis } }, dy) => [
    takeFirst(dy, axis, dimAt(typeOf(x).shape, axis)),
  ],
};

/** Zeros appended along an axis until it is `length` long. */
export function padTo(x: Value, axis: number, length: Dim): Value {
  return applyOne(PAD_TO, [x], { axis, length });
}

export const EXPAND: Operator<{ shape: Shape }> = {
  name: 'expand',
  infer: ([x], { shape }) => {
    const { dtype, shape: from } = typeOf(x);
    if (!sameShape(broadcast(from, shape), shape)) {
      throw shapeError(`it does not stretch to ${renderShape(shape)}`);
    }
    return [{ dtype, shape }];
  },
  emit: ({ attributes: { shape } }, emitter) => ({ type: 'Expand', extraInputs: [emitter.dims(shape)] }),
  gradient: (_call, dy) => [dy],
};

/** x repeated along the axes where it has size 1 or none. */
export function expand(x: Value, shape: Shape): Value {
  return sameShape(x.shape, shape) ? x : applyOne(EXPAND, [x], { shape });
}

export const GATHER_ROWS: Operator<null> = {
  name: 'gatherRows',
  infer: ([table, ids]) => {
    const [rows, indices] = [typeOf(table), typeOf(ids)];
    if (rows.shape.length !== 2 || indices.dtype !== 'int64')
      throw shapeError('it wants a table and int64 row numbers');
    return [{ dtype: rows.dtype, shape: [...indices.shape, dimAt(rows.shape, 1)] }];
  },
  emit: () => ({ type: 'Gather', attributes: { axis: 0 } }),
  gradient: () => {
    // A dense gradient would be as large as the vocabulary and nearly all zeros.
    throw shapeError('ask for the gradient of the gathered rows, not of the table');
  },
};

/** Rows of a table by number; a leaf of differentiation (see `gradients`). */
export function gatherRows(table: Value, ids: Value): Value {
  return applyOne(GATHER_ROWS, [table, ids], null);
}

function typeOf(value: Value | undefined): ValueType {
  if (value === undefined) throw shapeError('an input is missing');
  return value;
}
