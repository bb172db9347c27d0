/**
 * The table: every operator there is. Each row, in the file of its kind, says its shape rule, the ONNX
 * operator that computes it and how it is differentiated; everything else is composed from these.
 */
import { ADD, DIVIDE, ERF, EXP, GELU, MULTIPLY, RELU, SIGN, SUBTRACT, TO_FLOAT } from './elementwise.ts';
import { LINEAR, MATMUL } from './matrix.ts';
import { LAYER_NORM, LOG_SOFTMAX, SOFTMAX, SUM } from './reduction.ts';
import { EXPAND, GATHER_ROWS, LEADING, PAD_END, RESHAPE, TRANSPOSE } from './shaping.ts';

export const OPERATORS = [
  ...[ADD, SUBTRACT, MULTIPLY, DIVIDE, EXP, ERF, GELU, RELU, SIGN, TO_FLOAT],
  ...[RESHAPE, TRANSPOSE, LEADING, PAD_END, EXPAND, GATHER_ROWS],
  ...[SUM, SOFTMAX, LOG_SOFTMAX, LAYER_NORM],
  ...[LINEAR, MATMUL],
].map((operator) => operator.name);
