/** The engine: symbolic graphs, one table of operators, reverse-mode differentiation, emission to ONNX. */
export { createGraph, type Graph, type Value } from './graph.ts';
export { emitGraph } from './emit.ts';
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
  subtract,
  toFloat,
} from './elementwise.ts';
export { attentionOutput, attentionScores } from './attention.ts';
export { expand, gatherRows, padTo, reshape, takeFirst, transpose } from './shaping.ts';
export { layerNorm, logSoftmax, softmax, sum, sumAll } from './reduction.ts';
export { linear, matmul } from './matrix.ts';
