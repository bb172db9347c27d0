/**
 * The table: every operator there is. Each row, in the file of its kind, says its shape rule, the ONNX
 * operator that computes it and how it is differentiated; everything else is composed from these.
 */
import { ADD, DIVIDE, ERF, EXP, GELU, MULTIPLY, RELU, SIGN, SUBTRACT, TO_FLOAT } from './elementwise.ts';
import { LINEAR, MATMUL } from './matrix.ts';
import { LAYER_NORM, LOG_SOFTMAX, SOFTMAX, SUM } from './reduction.ts';
import { EXPAND, GATHER_ROWS, LEADING, PAD_END, RESHAPE, TRANSPOSE } from './shaping.ts';

const ELEMENTWISE = [ADD, SUBTRACT, MULTIPLY, DIVIDE, EXP, ERF, GELU, RELU, SIGN, TO_FLOAT];
const SHAPING = [RESHAPE, TRANSPOSE, LEADING, PAD_END, EXPAND, GATHER_ROWS];
const REDUCTION = [SUM, SOFTMAX, LOG_SOFTMAX, LAYER_NORM];
const MATRIX = [LINEAR, MATMUL];

/** Names of the operators; the tests hold a gradient check for each. */
export const OPERATORS = [...ELEMENTWISE, ...SHAPING, ...REDUCTION, ...MATRIX].map(
  (operator) => operator.name,
);
