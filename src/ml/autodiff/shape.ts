/**
 * Shapes whose dimensions may be unknown until a batch arrives. A dimension is a number, a symbol such as
 * `batch`, or a product of symbols written `batch*time`; so one graph serves batches of every size and yet
 * every shape is checked while the graph is built.
 */
import { AppError } from '../../core/errors.ts';

export type Dim = number | string;
export type Shape = readonly Dim[];

export function renderShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** The symbols a dimension is a product of; none for a number. */
export function symbolsOf(dim: Dim): readonly string[] {
  return typeof dim === 'number' ? [] : dim.split('*');
}

/**
 * Number of elements, as a number and a canonical product of symbols: two shapes hold as many if these agree.
 */
function elementCount(shape: Shape): { factor: number; symbols: string } {
  const numbers = shape.filter((dim) => typeof dim === 'number');
  return {
    factor: numbers.reduce((product, dim) => product * dim, 1),
    symbols: shape.flatMap(symbolsOf).toSorted().join('*'),
  };
}

export function sameElementCount(a: Shape, b: Shape): boolean {
  const [left, right] = [elementCount(a), elementCount(b)];
  return left.factor === right.factor && left.symbols === right.symbols;
}

/**
 * Shape of an elementwise result: axes align from the right, a missing axis or a 1 stretches (ONNX, NumPy).
 */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw shapeError(`axis ${axis} is ${left} in one and ${right} in the other`);
  });
}

/** Axes of `wide` along which an operand of shape `narrow` was stretched to it. */
export function stretchedAxes(narrow: Shape, wide: Shape): number[] {
  const missing = wide.length - narrow.length;
  return wide.flatMap((dim, axis) =>
    axis < missing || (narrow[axis - missing] === 1 && dim !== 1) ? [axis] : [],
  );
}

export function dimAt(shape: Shape, axis: number): Dim {
  const dim = shape.at(axis);
  if (dim === undefined) throw shapeError(`${renderShape(shape)} has no axis ${axis}`);
  return dim;
}

/** A shape that does not fit; the graph adds which layer and which operator it was. */
export function shapeError(reason: string): AppError {
  return new AppError('bad-model', reason);
}
