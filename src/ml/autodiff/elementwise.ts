/**
 * Operators that treat every element alike. Operands stretch as in NumPy; `gradients` sums that away again.
 */
import { applyOne, type Operator, type Value } from './graph.ts';
import { broadcast, shapeError } from './shape.ts';

/** Two float operands of shapes that stretch to one another. */
function binary(
  name: string,
  onnxType: string,
  gradient: (a: Value, b: Value, y: Value, dy: Value) => readonly [Value, Value],
): Operator<null> {
  return {
    name,
    infer: ([a, b]) => {
      if (a?.dtype !== 'float32' || b?.dtype !== 'float32') throw shapeError('it wants two float32 operands');
      return [{ dtype: 'float32', shape: broadcast(a.shape, b.shape) }];
    },
    emit: () => ({ type: onnxType }),
    gradient: ({ inputs: [a, b], outputs: [y] }, dy) => gradient(a as Value, b as Value, y as Value, dy),
  };
}

function unary(
  name: string,
  onnx: { type: string; domain?: 'com.microsoft' },
  gradient: (x: Value, y: Value, dy: Value) => Value | null,
): Operator<null> {
  return {
    name,
    infer: ([x]) => {
      if (x?.dtype !== 'float32') throw shapeError('it wants a float32 operand');
      return [{ dtype: 'float32', shape: x.shape }];
    },
    emit: () => onnx,
    gradient: ({ inputs: [x], outputs: [y] }, dy) => [gradient(x as Value, y as Value, dy)],
  };
}

export const ADD = binary('add', 'Add', (_a, _b, _y, dy) => [dy, dy]);
export const SUBTRACT = binary('subtract', 'Sub', (_a, _b, _y, dy) => [dy, scale(dy, -1)]);
export const MULTIPLY = binary('multiply', 'Mul', (a, b, _y, dy) => [multiply(dy, b), multiply(dy, a)]);
export const DIVIDE = binary('divide', 'Div', (_a, b, y, dy) => {
  const da = divide(dy, b);
  return [da, scale(multiply(da, y), -1)];
});

export const EXP = unary('exp', { type: 'Exp' }, (_x, y, dy) => multiply(dy, y));
export const ERF = unary('erf', { type: 'Erf' }, (x, _y, dy) =>
  multiply(dy, scale(exp(scale(multiply(x, x), -1)), 2 / Math.sqrt(Math.PI))),
);
export const RELU = unary('relu', { type: 'Relu' }, (_x, y, dy) => multiply(dy, sign(y)));
/** A step: flat wherever it has a derivative. */
export const SIGN = unary('sign', { type: 'Sign' }, () => null);

/** x * cdf(x) with the normal distribution, exact (erf), as DistilBERT's `gelu`. */
export const GELU = unary('gelu', { type: 'Gelu', domain: 'com.microsoft' }, (x, _y, dy) => {
  // cdf + x * density with t = x / sqrt(2), doubled: these passes are over the widest values of a
  // transformer.
  const t = scale(x, Math.SQRT1_2);
  const density = exp(subtract(x.graph.scalar(Math.log(2 / Math.sqrt(Math.PI))), multiply(t, t)));
  const slope = shift(add(erf(t), multiply(t, density)), 1);
  return multiply(scale(dy, 0.5), slope);
});

export const TO_FLOAT: Operator<null> = {
  name: 'toFloat',
  infer: ([x]) => [{ dtype: 'float32', shape: x?.shape ?? [] }],
  emit: () => ({ type: 'Cast', attributes: { to: 1 } }),
  gradient: () => [null],
};

export function add(a: Value, b: Value): Value {
  return applyOne(ADD, [a, b], null);
}
export function subtract(a: Value, b: Value): Value {
  return applyOne(SUBTRACT, [a, b], null);
}
export function multiply(a: Value, b: Value): Value {
  return applyOne(MULTIPLY, [a, b], null);
}
export function divide(a: Value, b: Value): Value {
  return applyOne(DIVIDE, [a, b], null);
}
export function exp(x: Value): Value {
  return applyOne(EXP, [x], null);
}
export function erf(x: Value): Value {
  return applyOne(ERF, [x], null);
}
export function relu(x: Value): Value {
  return applyOne(RELU, [x], null);
}
export function sign(x: Value): Value {
  return applyOne(SIGN, [x], null);
}
export function gelu(x: Value): Value {
  return applyOne(GELU, [x], null);
}
/** An int64 value as float32. */
export function toFloat(x: Value): Value {
  return applyOne(TO_FLOAT, [x], null);
}
export function scale(x: Value, factor: number): Value {
  return multiply(x, x.graph.scalar(factor));
}
export function shift(x: Value, offset: number): Value {
  return add(x, x.graph.scalar(offset));
}
