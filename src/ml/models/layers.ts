/** What a transformer is composed of, each with its weights under a name of its own. */
import {
  add,
  layerNorm,
  linear,
  matmul,
  reshape,
  scale,
  shift,
  softmax,
  toFloat,
  transpose,
  type Dim,
  type Graph,
  type Value,
} from '../autodiff/index.ts';

/** Sets elements to zero with the given probability and scales the rest up; `identity` outside training. */
export type Dropout = (x: Value, probability: number) => Value;
export const noDropout: Dropout = (x) => x;

/** [rows, in] -> [rows, out], weights `<name>.weight` [out, in] and `<name>.bias` [out]. */
export function linearLayer(graph: Graph, name: string, x: Value, outputs: number): Value {
  return graph.within(name, () => {
    const inputs = Number(x.shape[1]);
    const weight = graph.parameter(`${name}.weight`, [outputs, inputs]);
    return linear(x, weight, graph.parameter(`${name}.bias`, [outputs]));
  });
}

const LAYER_NORM_EPSILON = 1e-12;

/** Rows normalised, weights `<name>.weight` and `<name>.bias`. */
export function normLayer(graph: Graph, name: string, x: Value): Value {
  return graph.within(name, () => {
    const shape = [Number(x.shape.at(-1))];
    const gain = graph.parameter(`${name}.weight`, shape);
    return layerNorm(x, gain, graph.parameter(`${name}.bias`, shape), LAYER_NORM_EPSILON);
  });
}

/** What to add to attention scores so that padding gets no weight: [batch, time] of 1 and 0 -> [batch, 1, 1, time]. */
export function paddingBias(mask: Value): Value {
  const [batch, time] = mask.shape as [Dim, Dim];
  return scale(shift(reshape(toFloat(mask), [batch, 1, 1, time]), -1), 1e9);
}

export interface AttentionSizes {
  readonly batch: Dim;
  readonly heads: number;
  readonly dropout: Dropout;
  readonly dropoutProbability: number;
}

/**
 * Scaled dot-product attention. Queries may be fewer than keys: [batch*asked, dim] of queries, [batch*time, dim]
 * of keys and values -> [batch*asked, dim].
 */
export function attention(
  queries: Value,
  keys: Value,
  values: Value,
  bias: Value,
  asked: Dim,
  sizes: AttentionSizes,
): Value {
  const { batch, heads } = sizes;
  const time = bias.shape[3] as Dim;
  const headDim = Number(queries.shape[1]) / heads;
  const split = (x: Value, length: Dim): Value =>
    transpose(reshape(x, [batch, length, heads, headDim]), [0, 2, 1, 3]); // [batch, heads, length, headDim]

  const scores = matmul(split(queries, asked), split(keys, time), {
    transposeB: true,
    alpha: headDim ** -0.5,
  });
  const weights = softmax(add(scores, bias)); // [batch, heads, asked, time]
  const mixed = matmul(sizes.dropout(weights, sizes.dropoutProbability), split(values, time));
  return reshape(transpose(mixed, [0, 2, 1, 3]), queries.shape);
}
