/** What a transformer is composed of, each with its weights under a name of its own. */
import {
  add,
  layerNorm,
  linear,
  matmul,
  attentionOutput,
  multiply,
  reshape,
  scale,
  attentionScores,
  shift,
  softmax,
  sum,
  toFloat,
  transpose,
  type Dim,
  type Graph,
  type Value,
} from '../autodiff/index.ts';

/** Sets elements to zero with the given probability and scales the rest up; `identity` outside training. */
export type Dropout = (x: Value, probability: number) => Value;
export const noDropout: Dropout = (x) => x;

interface LinearWeights {
  /** [out, in] */
  readonly weight: Value;
  /** [out] */
  readonly bias: Value;
}

/** `<name>.weight` [outputs, inputs] and `<name>.bias` [outputs]. */
export function linearWeights(graph: Graph, name: string, inputs: number, outputs: number): LinearWeights {
  const weight = graph.parameter(`${name}.weight`, [outputs, inputs]);
  return { weight, bias: graph.parameter(`${name}.bias`, [outputs]) };
}

/** [rows, in] -> [rows, out], with weights under that name. */
export function linearLayer(graph: Graph, name: string, x: Value, outputs: number): Value {
  return graph.within(name, () => {
    const { weight, bias } = linearWeights(graph, name, Number(x.shape[1]), outputs);
    return linear(x, weight, bias);
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

/**
 * What to add to attention scores so that padding gets no weight: [batch, time] of 1 and 0 -> [batch, 1, 1,
 * time].
 */
export function paddingBias(mask: Value): Value {
  const [batch, time] = mask.shape as [Dim, Dim];
  return scale(shift(reshape(toFloat(mask), [batch, 1, 1, time]), -1), 1e9);
}

interface AttentionSizes {
  readonly batch: Dim;
  readonly heads: number;
  readonly dropout: Dropout;
  readonly dropoutProbability: number;
}

/** Scaled dot-product attention: queries, keys and values [batch*time, dim] -> [batch*time, dim]. */
export function attention(
  queries: Value,
  keys: Value,
  values: Value,
  bias: Value,
  sizes: AttentionSizes,
): Value {
  const { batch, heads } = sizes;
  const time = bias.shape[3] as Dim;
  const headDim = Number(queries.shape[1]) / heads;
  const split = (x: Value): Value => transpose(reshape(x, [batch, time, heads, headDim]), [0, 2, 1, 3]);

  const scores = attentionScores(split(queries), split(keys), headDim ** -0.5);
  const mixed = attentionOutput(add(scores, bias), split(values), (weights) =>
    sizes.dropout(weights, sizes.dropoutProbability),
  ); // [batch, heads, time, headDim]
  return reshape(transpose(mixed, [0, 2, 1, 3]), queries.shape);
}

/**
 * The same for one query a text, [batch, dim] -> [batch, dim], with the tokens [batch*time, dim] as they are.
 * Products in another order spare each token's key and value: q (K x + k) is (q K) x + q k, and of V x + v
 * the mean is V times x's mean + v.
 */
export function singleQueryAttention(
  query: Value,
  tokens: Value,
  keys: LinearWeights,
  values: LinearWeights,
  bias: Value,
  sizes: AttentionSizes,
): Value {
  const { batch, heads } = sizes;
  const time = bias.shape[3] as Dim;
  const dim = Number(query.shape[1]);
  const headDim = dim / heads;
  const x = reshape(tokens, [batch, time, dim]);
  const ofHead = ({ weight }: LinearWeights): Value => reshape(weight, [heads, headDim, dim]);
  const biasOf = (weights: LinearWeights): Value => reshape(weights.bias, [heads, headDim]);
  const swap = (y: Value): Value => transpose(y, [1, 0, 2]); // [batch, heads, ...] <-> [heads, batch, ...]

  const q = scale(reshape(query, [batch, heads, headDim]), headDim ** -0.5);
  const sought = swap(matmul(swap(q), ofHead(keys))); // [batch, heads, dim]
  // A softmax does not see what is added to all of a row; with it the bias is part of the graph, as in
  // PyTorch, with a gradient of zero.
  const offset = sum(multiply(q, biasOf(keys)), [2]); // [batch, heads, 1]
  const scores = matmul(sought, x, { transposeB: true });
  const weights = softmax(add(scores, add(reshape(bias, [batch, 1, time]), offset))); // [batch, heads, time]
  const kept = sizes.dropout(weights, sizes.dropoutProbability);
  const mean = matmul(kept, x); // [batch, heads, dim]
  const mixed = swap(matmul(swap(mean), ofHead(values), { transposeB: true })); // [batch, heads, headDim]
  return reshape(add(mixed, multiply(sum(kept, [2]), biasOf(values))), query.shape);
}
