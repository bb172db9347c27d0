/**
 * The table: every operator there is. Each row, in the file of its kind, says its shape rule, the ONNX
 * operator that computes it and how it is differentiated; everything else is composed from these.
 */
import * as elementwise from './elementwise.ts';
import type { Operator } from './graph.ts';
import * as matrix from './matrix.ts';
import * as reduction from './reduction.ts';
import * as shaping from './shaping.ts';

const exported: readonly unknown[] = [elementwise, shaping, reduction, matrix].flatMap((kind) =>
  Object.values<unknown>(kind),
);

/**
 * Names of the operators: every row that a file of a kind exports. The tests hold a gradient check for each.
 */
export const OPERATORS: readonly string[] = exported.filter(isOperator).map(({ name }) => name);

function isOperator(value: unknown): value is Operator<unknown> {
  return typeof value === 'object' && value !== null && 'infer' in value && 'gradient' in value;
}
