/**
 * How large the inputs of a graph's products become, channel by channel, on texts such as the model will be
 * asked for.
 */
import { AppError } from '../../core/errors.ts';
import { bytesOf, type OnnxGraph, type OnnxInitializer, type OnnxNode } from '../onnx/index.ts';
import { runBatches, type RunOptions } from '../scoring/index.ts';
import type { TextTokenizer } from '../text/index.ts';

/** The largest magnitude of each channel of a value of the graph, by the value's name. */
export type ChannelRanges = ReadonlyMap<string, Float32Array>;

/** So many texts are looked at, at most. */
const MOST_TEXTS = 256;

/** @param names values [rows, channels] */
export async function measureChannelRanges(
  graph: OnnxGraph,
  names: readonly string[],
  { tokenizer, texts, ...options }: RunOptions & { tokenizer: TextTokenizer; texts: readonly string[] },
): Promise<ChannelRanges> {
  const ranges = new Map<string, Float32Array>();
  const stride = Math.max(1, Math.ceil(texts.length / MOST_TEXTS));
  const looked = texts.filter((_, index) => index % stride === 0);
  await runBatches(withRanges(graph, names), tokenizer, looked, options, (outputs) => {
    for (const name of names) {
      const found = outputs[rangeOf(name)]?.data;
      if (found === undefined) throw new AppError('internal', `the graph ${graph.name} has no value ${name}`);
      const before = ranges.get(name);
      ranges.set(
        name,
        before === undefined ? found.slice() : found.map((v, i) => Math.max(v, before[i] ?? 0)),
      );
    }
  });
  return ranges;
}

/** The graph that answers with the ranges alone. */
function withRanges(graph: OnnxGraph, names: readonly string[]): OnnxGraph {
  const axes: OnnxInitializer = {
    name: 'ranges/axes',
    dtype: 'int64',
    shape: [1],
    bytes: bytesOf(BigInt64Array.of(0n)),
  };
  const added = names.flatMap((name): OnnxNode[] => [
    { name: `${name}/abs`, type: 'Abs', inputs: [name], outputs: [`${name}/abs`] },
    {
      name: rangeOf(name),
      type: 'ReduceMax',
      inputs: [`${name}/abs`, axes.name],
      outputs: [rangeOf(name)],
      attributes: { keepdims: 0 },
    },
  ]);
  return {
    ...graph,
    nodes: [...graph.nodes, ...added],
    initializers: [...graph.initializers, axes],
    outputs: names.map((name) => ({ name: rangeOf(name), dtype: 'float32', shape: [`${name}/channels`] })),
  };
}

function rangeOf(name: string): string {
  return `${name}/range`;
}
