/** The exported graphs: the model's forward pass with its weights inside. */
import { AppError } from '../../core/errors.ts';
import { createGraph, emitGraph } from '../autodiff/index.ts';
import type { OnnxGraph } from '../onnx/index.ts';
import type { DistilBertConfig } from './config.ts';
import { classifier, encoder } from './distilbert.ts';
import type { Weights } from './safetensors.ts';

/**
 * `input_ids`, `attention_mask` int64 [batch, time] -> `states` float32 [batch, dim], the first token's last
 * state.
 */
export function buildEncoderGraph(config: DistilBertConfig, weights: Weights): OnnxGraph {
  const graph = createGraph();
  const { clsToken } = encoder(graph, config);
  return emitGraph(graph, {
    name: 'distilbert-encoder',
    outputs: { states: clsToken },
    weights: weightReader(weights),
  });
}

/** `input_ids`, `attention_mask` int64 [batch, time] -> `logits` float32 [batch, labels]. */
export function buildClassifierGraph(config: DistilBertConfig, weights: Weights): OnnxGraph {
  const graph = createGraph();
  const { clsToken } = encoder(graph, config);
  return emitGraph(graph, {
    name: 'distilbert-classifier',
    outputs: { logits: classifier(graph, config, clsToken) },
    weights: weightReader(weights),
  });
}

/**
 * The weights that the encoder's graph asks for, under their full names; whatever else a base holds stays
 * behind.
 */
export function encoderWeights(config: DistilBertConfig, weights: Weights): Weights {
  const graph = createGraph();
  encoder(graph, config);
  const read = weightReader(weights);
  return new Map(
    graph.parameters.map(({ name, value }) => [
      name,
      { dtype: 'F32', shape: value.shape.map(Number), data: read(name) },
    ]),
  );
}

/**
 * A weight by its full name. A bare encoder (DistilBertModel) keeps the names without the prefix that the
 * same weights carry inside a classifier, so both are tried.
 */
export function weightReader(weights: Weights): (name: string) => Float32Array {
  return (name) => {
    const tensor = weights.get(name) ?? weights.get(name.replace(/^distilbert\./, ''));
    if (tensor === undefined) {
      throw new AppError(
        'bad-model',
        `the weights lack the tensor "${name}" (they hold ${weights.size} tensors, such as "${weights.keys().next().value}")`,
      );
    }
    return tensor.data;
  };
}
