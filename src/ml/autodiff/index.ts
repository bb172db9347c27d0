/** The engine: symbolic graphs, one table of operators, reverse-mode differentiation, emission to ONNX. */
export { createGraph, type DataType, type Graph, type Operator, type Value } from './graph.ts';
export { emitGraph, type EmitOptions } from './emit.ts';
export { gradients } from './gradients.ts';
export { type Dim, type Shape } from './shape.ts';
export { OPERATORS } from './operators.ts';
export {
  add,
  divide,
  erf,
  exp,
  gelu,
  multiply,
  relu,
  scale,
  shift,
  sign,
  subtract,
  toFloat,
} from './elementwise.ts';
export { mixBySoftmax, scoreKeys } from './attention.ts';
export { expand, gatherRows, leading, padEnd, reshape, transpose } from './shaping.ts';
export { layerNorm, logSoftmax, softmax, sum, sumAll } from './reduction.ts';
export { linear, matmul } from './matrix.ts';
