/** Attention's core, with a gradient rule of its own. */
import { multiply, subtract } from './elementwise.ts';
import { withGradient, type Value } from './graph.ts';
import { matmul } from './matrix.ts';
import { softmax, sum } from './reduction.ts';

/**
 * Values mixed by probabilities: softmax(scores) V, where `drop` may leave some probabilities out and stretch others.
 * [..., asked, time] and [..., time, dim] -> [..., asked, dim].
 *
 * A softmax keeps its sum, which takes sum(dp * p) over time from each slope. That is sum(dy * y) over the few entries of
 * `dim` as well, as y is made of these p (Dao et al. 2022, "FlashAttention", section 3.1).
 */
export function mixBySoftmax(scores: Value, values: Value, drop: (probabilities: Value) => Value): Value {
  const probabilities = softmax(scores);
  const kept = drop(probabilities);
  const y = matmul(kept, values);
  return withGradient(y, [scores, values], (dy) => {
    const dKept = matmul(dy, values, { transposeB: true });
    const taken = sum(multiply(dy, y), [y.shape.length - 1]);
    return [
      subtract(multiply(kept, dKept), multiply(probabilities, taken)),
      matmul(kept, dy, { transposeA: true }),
    ];
  });
}
