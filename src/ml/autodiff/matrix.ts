/** Matrix products: nearly all of the arithmetic of a transformer. */
import { applyOne, type Operator, type Value } from './graph.ts';
import { dimAt, renderShape, sameShape, shapeError, type Shape } from './shape.ts';

interface MatmulAttributes {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** Factor of the product, computed inside it. */
  readonly alpha: number;
}

export const MATMUL: Operator<MatmulAttributes> = {
  name: 'matmul',
  infer: ([a, b], { transposeA, transposeB }) => {
    const [left, right] = [(a as Value).shape, (b as Value).shape];
    const stack = left.slice(0, -2);
    if (left.length < 2 || !sameShape(stack, right.slice(0, -2))) {
      throw shapeError('it wants two equally long stacks of matrices');
    }
    const [rows, inner] = matrixDims(left, transposeA);
    const [innerB, columns] = matrixDims(right, transposeB);
    if (inner !== innerB) throw shapeError(`the inner dimensions are ${inner} and ${innerB}`);
    return [{ dtype: 'float32', shape: [...stack, rows, columns] }];
  },
  emit: ({ attributes: { transposeA, transposeB, alpha } }) => ({
    type: 'FusedMatMul',
    domain: 'com.microsoft',
    attributes: { transA: Number(transposeA), transB: Number(transposeB), alpha: { float: alpha } },
  }),
  gradient: ({ inputs, attributes: { transposeA, transposeB, alpha } }, dy) => {
    const [a, b] = inputs as [Value, Value];
    return [
      transposeA
        ? matmul(b, dy, { transposeA: transposeB, transposeB: true, alpha })
        : matmul(dy, b, { transposeB: !transposeB, alpha }),
      transposeB
        ? matmul(dy, a, { transposeA: true, transposeB: transposeA, alpha })
        : matmul(a, dy, { transposeA: !transposeA, alpha }),
    ];
  },
};

/** alpha * A B for stacks of matrices: [..., m, k] times [..., k, n]. */
export function matmul(a: Value, b: Value, options: Partial<MatmulAttributes> = {}): Value {
  return applyOne(MATMUL, [a, b], { transposeA: false, transposeB: false, alpha: 1, ...options });
}

export const LINEAR: Operator<null> = {
  name: 'linear',
  infer: ([x, weight, bias]) => {
    const [input, matrix] = [(x as Value).shape, (weight as Value).shape];
    const [outputs, inputs] = matrixDims(matrix, false);
    if (input.length !== 2 || dimAt(input, 1) !== inputs || !sameShape((bias as Value).shape, [outputs])) {
      throw shapeError(
        `it wants [rows, ${inputs}], a weight [${outputs}, ${inputs}] and a bias ${renderShape([outputs])}`,
      );
    }
    return [{ dtype: 'float32', shape: [dimAt(input, 0), outputs] }];
  },
  emit: () => ({ type: 'Gemm', attributes: { transB: 1 } }),
  gradient: ({ inputs }, dy) => {
    const [x, weight] = inputs as [Value, Value];
    return [matmul(dy, weight), matmul(dy, x, { transposeA: true }), dy];
  },
};

/** x W^T + b with the weight as PyTorch's Linear keeps it: [rows, in], [out, in], [out] -> [rows, out]. */
export function linear(x: Value, weight: Value, bias: Value): Value {
  return applyOne(LINEAR, [x, weight, bias], null);
}

function matrixDims(shape: Shape, transposed: boolean): [Shape[number], Shape[number]] {
  const [rows, columns] = [dimAt(shape, -2), dimAt(shape, -1)];
  return transposed ? [columns, rows] : [rows, columns];
}
