/**
 * The graphs of a training: one step's forward and backward pass, and the forward pass that validation runs.
 */
import {
  createGraph,
  emitGraph,
  gradients,
  logSoftmax,
  multiply,
  scale,
  sumAll,
  type Shape,
  type Value,
} from '../autodiff/index.ts';
import {
  classifier,
  encoder,
  WORD_EMBEDDINGS,
  type DistilBertConfig,
  type Dropout,
} from '../models/index.ts';
import type { OnnxGraph } from '../onnx/index.ts';
import type { ParameterShape } from '../wasm/index.ts';

/** An input that holds a dropout mask: 0, or 1 / (1 - probability). */
export interface MaskInput {
  readonly name: string;
  readonly shape: Shape;
  readonly probability: number;
}

interface TrainingGraph {
  readonly graph: OnnxGraph;
  readonly parameters: readonly ParameterShape[];
  readonly masks: readonly MaskInput[];
}

/** Output of the gradient of a parameter. */
export function gradientOf(name: string): string {
  return `gradient/${name}`;
}

/** The word embedding's gradient comes as rows, one per token of the batch: [batch, time, dim]. */
export const WORD_ROWS = gradientOf('word_rows');

/**
 * Inputs: `input_ids` and `attention_mask` int64 [batch, time], `targets` float32 [batch, labels], the masks,
 * every parameter. Outputs: `loss` [], `logits` [batch, labels], the gradients of the trained parameters.
 *
 * The loss is the sum of -targets * log(probability): what the targets hold makes it cross entropy, smoothed,
 * weighted by class or row and divided by the batch, without one more operator here.
 *
 * @param vocabulary rows of the word embedding that the data uses
 */
export function buildTrainingGraph(
  config: DistilBertConfig,
  vocabulary: number,
  isTrained: (name: string) => boolean,
): TrainingGraph {
  const graph = createGraph();
  const masks: MaskInput[] = [];
  const dropout: Dropout = (x, probability) => {
    if (probability === 0) return x;
    const mask = { name: `mask/${masks.length}`, shape: x.shape, probability };
    masks.push(mask);
    return multiply(x, graph.input(mask.name, 'float32', mask.shape));
  };

  const { clsToken, wordRows } = encoder(graph, config, dropout, vocabulary);
  const logits = classifier(graph, config, clsToken, dropout);
  const targets = graph.input('targets', 'float32', logits.shape);
  const loss = graph.within('loss', () => scale(sumAll(multiply(targets, logSoftmax(logits))), -1));

  const trained = graph.parameters.filter(({ name }) => isTrained(name));
  // The embedding table itself is never differentiated: where it is trained, its looked-up rows are.
  const leaves = trained.map(({ name, value }): [string, Value] =>
    name === WORD_EMBEDDINGS ? [WORD_ROWS, wordRows] : [gradientOf(name), value],
  );
  const derivatives = gradients(
    loss,
    leaves.map(([, value]) => value),
  );
  const outputs = {
    loss,
    logits,
    ...Object.fromEntries(leaves.map(([name], i) => [name, derivatives[i] as Value])),
  };
  return {
    graph: emitGraph(graph, { name: 'distilbert-training', outputs }),
    masks,
    parameters: graph.parameters.map(({ name, value }) => ({
      name,
      shape: value.shape.map(Number),
      trainable: isTrained(name),
    })),
  };
}

/** The same model without dropout, loss or gradients; its parameters are inputs too. Output: `logits`. */
export function buildValidationGraph(config: DistilBertConfig, vocabulary: number): OnnxGraph {
  const graph = createGraph();
  const { clsToken } = encoder(graph, config, undefined, vocabulary);
  return emitGraph(graph, {
    name: 'distilbert-validation',
    outputs: { logits: classifier(graph, config, clsToken) },
  });
}
