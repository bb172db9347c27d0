/**
 * DistilBERT and its sequence classification head, as in Hugging Face's `modeling_distilbert.py`, with the
 * parameters under the same names. Said once: training, evaluation and the exported graph all come from here.
 *
 * The classifier reads the first token ([CLS]) of the last layer only. So the last layer computes query,
 * output projection and feed-forward for the first one alone, and keys and values for none: the same result,
 * forward and backward, for a fraction of the work.
 */
import {
  add,
  gatherRows,
  gelu,
  takeFirst,
  relu,
  reshape,
  type Dim,
  type Graph,
  type Value,
} from '../autodiff/index.ts';
import type { DistilBertConfig } from './config.ts';
import {
  attention,
  linearLayer,
  linearWeights,
  noDropout,
  normLayer,
  paddingBias,
  singleQueryAttention,
  type Dropout,
} from './layers.ts';

export interface EncoderOutput {
  /** The last layer's state of the first token, [batch, dim]. */
  readonly clsToken: Value;
  /** Rows of the word embedding as they were looked up, [batch, time, dim]: where differentiation ends. */
  readonly wordRows: Value;
}

const ENCODER = 'distilbert';
export const WORD_EMBEDDINGS = `${ENCODER}.embeddings.word_embeddings.weight`;

/**
 * @param vocabulary rows of the word embedding; fewer than the configuration's when ids have been renumbered
 */
export function encoder(
  graph: Graph,
  config: DistilBertConfig,
  dropout: Dropout = noDropout,
  vocabulary: number = config.vocabulary,
): EncoderOutput {
  const [batch, time] = ['batch', 'time'] as const;
  const inputIds = graph.input('input_ids', 'int64', [batch, time]);
  const bias = paddingBias(graph.input('attention_mask', 'int64', [batch, time])); // [batch, 1, 1, time]

  const wordRows = gatherRows(graph.parameter(WORD_EMBEDDINGS, [vocabulary, config.dim]), inputIds);
  let x = embeddings(graph, config, wordRows, time, dropout); // [batch*time, dim]
  for (let layer = 0; layer < config.layers; layer += 1) {
    const isLast = layer === config.layers - 1;
    const queryTokens = isLast ? clsTokens(x, batch, time) : x;
    x = transformerLayer(graph, config, { name: layerName(layer), x, queryTokens, bias, dropout });
  }
  return { clsToken: x, wordRows };
}

/** Logits of each class: [batch, labels]. */
export function classifier(
  graph: Graph,
  config: DistilBertConfig,
  clsToken: Value,
  dropout: Dropout = noDropout,
): Value {
  const hidden = relu(linearLayer(graph, 'pre_classifier', clsToken, config.dim));
  return linearLayer(graph, 'classifier', dropout(hidden, config.classifierDropout), config.labels.length);
}

export function layerName(layer: number): string {
  return `${ENCODER}.transformer.layer.${layer}`;
}

function embeddings(
  graph: Graph,
  config: DistilBertConfig,
  wordRows: Value,
  time: Dim,
  dropout: Dropout,
): Value {
  const name = `${ENCODER}.embeddings`;
  return graph.within(name, () => {
    const positions = graph.parameter(`${name}.position_embeddings.weight`, [config.positions, config.dim]);
    const summed = add(wordRows, takeFirst(positions, 0, time)); // [batch, time, dim]
    const tokens = reshape(summed, [`${String(summed.shape[0])}*${time}`, config.dim]);
    return dropout(normLayer(graph, `${name}.LayerNorm`, tokens), config.dropout);
  });
}

interface LayerInputs {
  readonly name: string;
  /** Every token, [batch*time, dim]. */
  readonly x: Value;
  /** The tokens whose new state is asked for: x itself, or the first of each text, [batch, dim]. */
  readonly queryTokens: Value;
  readonly bias: Value;
  readonly dropout: Dropout;
}

function transformerLayer(graph: Graph, config: DistilBertConfig, layer: LayerInputs): Value {
  const { name, queryTokens, dropout } = layer;
  const { dim, hiddenDim } = config;
  const part = (suffix: string, input: Value, outputs: number): Value =>
    linearLayer(graph, `${name}.${suffix}`, input, outputs);
  const context = attend(graph, config, layer);
  const attended = normLayer(
    graph,
    `${name}.sa_layer_norm`,
    add(part('attention.out_lin', context, dim), queryTokens),
  );
  const hidden = graph.within(`${name}.ffn`, () => gelu(part('ffn.lin1', attended, hiddenDim)));
  const fed = dropout(part('ffn.lin2', hidden, dim), config.dropout);
  return normLayer(graph, `${name}.output_layer_norm`, add(fed, attended));
}

/** What attention mixes for each query token. */
function attend(
  graph: Graph,
  config: DistilBertConfig,
  { name, x, queryTokens, bias, dropout }: LayerInputs,
): Value {
  const { dim, heads, attentionDropout } = config;
  const part = (suffix: string): string => `${name}.attention.${suffix}`;
  const sizes = { batch: bias.shape[0] as Dim, heads, dropout, dropoutProbability: attentionDropout };

  const queries = linearLayer(graph, part('q_lin'), queryTokens, dim);
  if (queryTokens !== x) {
    const keys = linearWeights(graph, part('k_lin'), dim, dim);
    const values = linearWeights(graph, part('v_lin'), dim, dim);
    return graph.within(`${name}.attention`, () =>
      singleQueryAttention(queries, x, keys, values, bias, sizes),
    );
  }
  const keys = linearLayer(graph, part('k_lin'), x, dim);
  const values = linearLayer(graph, part('v_lin'), x, dim);
  return graph.within(`${name}.attention`, () => attention(queries, keys, values, bias, sizes));
}

function clsTokens(x: Value, batch: Dim, time: Dim): Value {
  const dim = x.shape[1] as Dim;
  return reshape(takeFirst(reshape(x, [batch, time, dim]), 1, 1), [batch, dim]);
}
