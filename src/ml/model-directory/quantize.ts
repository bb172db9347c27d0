/**
 * Dynamic int8 quantisation of an exported graph: products with a stored weight become DynamicQuantizeLinear
 * (activations to uint8, by the tensor's own range) and MatMulInteger with int8 weights, which ONNX Runtime
 * fuses with the scaling and bias.
 *
 * - Weights have one scale per output channel and 7 bits: with all 8, CPUs without VNNI saturate when they
 *   add two products in 16 bits (docs/decisions/0008-int8-by-hand.md).
 * - A few channels between and inside the feed-forward layers are ten times as large as the others, and would
 *   leave those a handful of the 256 steps. They are damped, and their weights raised by as much (for the
 *   outliers alone what Xiao et al. 2022, "SmoothQuant", do for every channel).
 * - The head and the last attention's keys, values and output projection stay float32: they are one row per
 *   text, so they cost nothing, and their weights range too widely within a channel.
 */
import { AppError } from '../../core/errors.ts';
import { bytesOf, type OnnxGraph, type OnnxInitializer, type OnnxNode } from '../onnx/index.ts';
import type { RunOptions } from '../scoring/index.ts';
import type { TextTokenizer } from '../text/index.ts';
import { measureChannelRanges, type ChannelRanges } from './channel-ranges.ts';

/** Largest magnitude of a 7-bit weight. */
const WEIGHT_LIMIT = 63;
/** A channel larger than so many times the median one is damped to that; anything from 2 to 3 serves. */
const LARGEST_OF_MEDIAN = 2.5;
const DAMPED = /\.ffn\.lin[12]\.weight$/;

/** @param calibration texts such as the model will be asked for: they show which channels are large */
export async function quantizeGraph(
  graph: OnnxGraph,
  calibration: RunOptions & { tokenizer: TextTokenizer; texts: readonly string[] },
): Promise<OnnxGraph> {
  const products = findProducts(graph);
  const inputs = [...products]
    .filter(([, weight]) => DAMPED.test(weight.name))
    .map(([node]) => inputOf(node));
  return quantizeProducts(graph, await measureChannelRanges(graph, [...new Set(inputs)], calibration));
}

/** @param ranges of the inputs whose large channels are to be damped */
export function quantizeProducts(graph: OnnxGraph, ranges: ChannelRanges): OnnxGraph {
  const products = findProducts(graph);
  const tensors = new Map<string, OnnxInitializer[]>();
  const prepared = new Set<string>();
  const nodes = graph.nodes.flatMap((node) => {
    const weight = products.get(node);
    if (weight === undefined) return [node];
    const input = inputOf(node);
    const damping = dampingOf(ranges.get(input));
    const quantizedInput = damping === null ? input : `${input}/damped`;
    const added: OnnxNode[] = [];
    if (!prepared.has(input)) {
      prepared.add(input);
      if (damping !== null) {
        const factors = `${input}/damping`;
        tensors.set(factors, [vector(factors, damping)]);
        added.push({
          name: quantizedInput,
          type: 'Mul',
          inputs: [input, factors],
          outputs: [quantizedInput],
        });
      }
      added.push(quantizeActivation(quantizedInput));
    }
    tensors.set(weight.name, quantizeWeight(weight, damping));
    const [, , bias] = node.inputs;
    return [...added, ...integerProduct(node, { input: quantizedInput, weight: weight.name, bias })];
  });
  const kept = graph.initializers.filter(({ name }) => !tensors.has(name));
  return {
    ...graph,
    name: `${graph.name}-int8`,
    nodes,
    initializers: [...kept, ...[...tensors.values()].flat()],
  };
}

/** Each Gemm x W^T + b that is to be quantised, with its weight [out, in]. */
function findProducts({ nodes, initializers }: OnnxGraph): ReadonlyMap<OnnxNode, OnnxInitializer> {
  const weights = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const layers = initializers.map(({ name }) => Number(/\.layer\.(\d+)\./.exec(name)?.[1] ?? -1));
  const lastLayer = Math.max(...layers);
  const keptFloat = new RegExp(`^(pre_)?classifier\\.|\\.layer\\.${lastLayer}\\.attention\\.out_lin\\.`);
  const products = new Map<OnnxNode, OnnxInitializer>();
  for (const node of nodes) {
    const { transA, transB } = node.attributes ?? {};
    const weight = weights.get(node.inputs[1] ?? '');
    if (node.type !== 'Gemm' || transB !== 1 || transA === 1 || weight === undefined) continue;
    if (!keptFloat.test(weight.name)) products.set(node, weight);
  }
  return products;
}

function inputOf({ name, inputs: [input] }: OnnxNode): string {
  if (input === undefined) throw new AppError('internal', `the node ${name} has no input`);
  return input;
}

/** What each channel is multiplied by; null where none is large. */
function dampingOf(range: Float32Array | undefined): Float32Array | null {
  if (range === undefined) return null;
  const limit = LARGEST_OF_MEDIAN * (range.toSorted()[range.length >> 1] ?? 0);
  if (limit === 0 || !range.some((largest) => largest > limit)) return null;
  return range.map((largest) => (largest > limit ? limit / largest : 1));
}

function quantizeActivation(input: string): OnnxNode {
  return {
    name: `${input}/quantize`,
    type: 'DynamicQuantizeLinear',
    inputs: [input],
    outputs: [`${input}/uint8`, `${input}/scale`, `${input}/zero_point`],
  };
}

/**
 * int8 [in, out] and the scale of each output channel [out], from float32 [out, in] for inputs damped by
 * `damping`.
 */
function quantizeWeight(
  { name, shape, bytes }: OnnxInitializer,
  damping: Float32Array | null,
): OnnxInitializer[] {
  const [outputs = 0, inputs = 0] = shape;
  const values = new Float32Array(bytes.slice().buffer);
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(outputs);
  for (let out = 0; out < outputs; out += 1) {
    const stored = values.subarray(out * inputs, (out + 1) * inputs);
    const row = damping === null ? stored : stored.map((value, input) => value / (damping[input] ?? 1));
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const scale = largest === 0 ? 1 : largest / WEIGHT_LIMIT;
    scales[out] = scale;
    for (let input = 0; input < inputs; input += 1) {
      integers[input * outputs + out] = Math.round((row[input] ?? 0) / scale);
    }
  }
  return [
    { name: `${name}/int8`, dtype: 'int8', shape: [inputs, outputs], bytes: bytesOf(integers) },
    vector(`${name}/scale`, scales),
  ];
}

function vector(name: string, values: Float32Array): OnnxInitializer {
  return { name, dtype: 'float32', shape: [values.length], bytes: bytesOf(values) };
}

function integerProduct(
  node: OnnxNode,
  { input, weight, bias }: { input: string; weight: string; bias: string | undefined },
): OnnxNode[] {
  const output = node.outputs[0] ?? '';
  const at = (part: string): string => `${node.name}/${part}`;
  const step = (type: string, part: string, inputs: string[], out: string): OnnxNode => ({
    name: at(part),
    type,
    inputs,
    outputs: [out],
  });
  return [
    step(
      'MatMulInteger',
      'product',
      [`${input}/uint8`, `${weight}/int8`, `${input}/zero_point`],
      at('int32'),
    ),
    { ...step('Cast', 'cast', [at('int32')], at('float')), attributes: { to: 1 } },
    step('Mul', 'scales', [`${input}/scale`, `${weight}/scale`], at('scale')),
    step('Mul', 'rescale', [at('float'), at('scale')], bias === undefined ? output : at('scaled')),
    ...(bias === undefined ? [] : [step('Add', 'bias', [at('scaled'), bias], output)]),
  ];
}
