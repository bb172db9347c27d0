/** Attention's two products, with gradient rules of their own. */
import { multiply, subtract } from './elementwise.ts';
import { withGradient, type Value } from './graph.ts';
import { matmul } from './matrix.ts';
import { softmax, sum } from './reduction.ts';
import { transpose } from './shaping.ts';

/**
 * How well each query fits each key, alpha Q K^T: [..., asked, dim] and [..., time, dim] -> [..., asked,
 * time].
 */
export function attentionScores(queries: Value, keys: Value, alpha: number): Value {
  const scores = matmul(queries, keys, { transposeB: true, alpha });
  return withGradient(scores, [queries, keys], (dy) => [
    matmul(dy, keys, { alpha }),
    transposedProduct(dy, queries, alpha),
  ]);
}

/**
 * Values mixed by probabilities: softmax(scores) V, where `drop` may leave some probabilities out and stretch
 * others. [..., asked, time] and [..., time, dim] -> [..., asked, dim].
 *
 * A softmax keeps its sum, which takes sum(dp * p) over time from each gradient. That is sum(dy * y) over the
 * few entries of `dim` as well, as y is made of these p (Dao et al. 2022, "FlashAttention", section 3.1).
 */
export function attentionOutput(scores: Value, values: Value, drop: (probabilities: Value) => Value): Value {
  const probabilities = softmax(scores);
  const kept = drop(probabilities);
  const y = matmul(kept, values);
  return withGradient(y, [scores, values], (dy) => {
    const dKept = matmul(dy, values, { transposeB: true });
    const taken = sum(multiply(dy, y), [y.shape.length - 1]);
    return [subtract(multiply(kept, dKept), multiply(probabilities, taken)), transposedProduct(kept, dy, 1)];
  });
}

/**
 * alpha A^T B as alpha (B^T A)^T, for an A much wider than B. ONNX Runtime rearranges a transposed left
 * operand again for every 128 columns of the right one (docs/decisions/0007-training-settings.md).
 */
function transposedProduct(a: Value, b: Value, alpha: number): Value {
  const axes = [...a.shape.keys()];
  const product = matmul(b, a, { transposeA: true, alpha });
  return transpose(product, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}
