/** Turns the part of a graph that some outputs need into an ONNX graph. */
import { AppError } from '../../core/errors.ts';
import { bytesOf, type OnnxGraph, type OnnxInitializer, type OnnxNode } from '../onnx/index.ts';
import type { Emitter, Graph, Node, Value } from './graph.ts';
import { renderShape, symbolsOf, type Dim } from './shape.ts';

export interface EmitOptions {
  readonly name: string;
  /** What the graph computes, under the names the caller will see. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** Weights to store in the model; without it every parameter is an input of the graph. */
  readonly weights?: (name: string) => Float32Array;
}

export function emitGraph(graph: Graph, { name, outputs, weights }: EmitOptions): OnnxGraph {
  const needed = reachable(Object.values(outputs));
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxInitializer>();
  const leaves = [...needed.values].filter((value) => value.origin.kind !== 'node');
  const inputs = leaves.filter(
    ({ origin }) => origin.kind === 'input' || (origin.kind === 'parameter' && weights === undefined),
  );

  for (const value of leaves) {
    const { origin } = value;
    const data =
      origin.kind === 'constant'
        ? origin.data
        : origin.kind === 'parameter'
          ? weights?.(origin.name)
          : undefined;
    if (data !== undefined) initializers.set(nameOf(value), floatInitializer(value, data));
  }

  const emitter = createEmitter(symbolSources(inputs), nodes, initializers);
  for (const node of graph.nodes) {
    if (!needed.nodes.has(node)) continue;
    const { type, domain, attributes, extraInputs = [] } = node.emit(emitter);
    nodes.push({
      name: `${node.scope === '' ? '' : `${node.scope}/`}${node.operator}_${nodes.length}`,
      type,
      domain,
      attributes,
      inputs: [...node.inputs.map(nameOf), ...extraInputs],
      outputs: node.outputs.map(nameOf),
    });
  }
  for (const [outputName, value] of Object.entries(outputs)) {
    nodes.push({
      name: `output/${outputName}`,
      type: 'Identity',
      inputs: [nameOf(value)],
      outputs: [outputName],
    });
  }
  return {
    name,
    nodes,
    initializers: [...initializers.values()],
    inputs: inputs.map((value) => ({ name: nameOf(value), dtype: value.dtype, shape: value.shape })),
    outputs: Object.entries(outputs).map(([outputName, { dtype, shape }]) => ({
      name: outputName,
      dtype,
      shape,
    })),
  };
}

/** Name of a value in the ONNX graph: its own for inputs and parameters, a number for the rest. */
function nameOf({ id, origin }: Value): string {
  return origin.kind === 'input' || origin.kind === 'parameter' ? origin.name : `v${id}`;
}

function reachable(outputs: readonly Value[]): { values: Set<Value>; nodes: Set<Node> } {
  const values = new Set<Value>();
  const nodes = new Set<Node>();
  const pending = [...outputs];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (values.has(value)) continue;
    values.add(value);
    if (value.origin.kind !== 'node' || nodes.has(value.origin.node)) continue;
    nodes.add(value.origin.node);
    pending.push(...value.origin.node.inputs);
  }
  return { values, nodes };
}

/** Where each symbol can be read: an axis of an input that is exactly that symbol. */
function symbolSources(inputs: readonly Value[]): Map<string, { input: string; axis: number }> {
  const sources = new Map<string, { input: string; axis: number }>();
  for (const value of inputs) {
    value.shape.forEach((dim, axis) => {
      if (typeof dim === 'string' && !sources.has(dim)) sources.set(dim, { input: nameOf(value), axis });
    });
  }
  return sources;
}

function createEmitter(
  sources: ReadonlyMap<string, { input: string; axis: number }>,
  nodes: OnnxNode[],
  initializers: Map<string, OnnxInitializer>,
): Emitter {
  const made = new Set<string>();
  /** Emits a node once per output name, which says what it holds. */
  const once = (output: string, node: Omit<OnnxNode, 'name' | 'outputs'>): string => {
    if (!made.has(output)) nodes.push({ ...node, name: `shape/${output}`, outputs: [output] });
    made.add(output);
    return output;
  };
  const integers = (values: readonly number[]): string => {
    const name = `int64[${values.join(',')}]`;
    const bytes = bytesOf(BigInt64Array.from(values, BigInt));
    initializers.set(name, { name, dtype: 'int64', shape: [values.length], bytes });
    return name;
  };
  const symbol = (name: string): string => {
    const source = sources.get(name);
    if (source === undefined) {
      throw new AppError('internal', `no input of the ONNX graph has an axis of size "${name}"`);
    }
    const { input, axis } = source;
    return once(`dim[${name}]`, {
      type: 'Shape',
      inputs: [input],
      attributes: { start: axis, end: axis + 1 },
    });
  };
  const dim = (value: Dim): string => {
    if (typeof value === 'number') return integers([value]);
    return symbolsOf(value)
      .map(symbol)
      .reduce((left, right) => once(`${left}*${right}`, { type: 'Mul', inputs: [left, right] }));
  };
  return {
    integers,
    dims: (shape) => {
      const unknown = shape.filter((value) => typeof value === 'string');
      if (unknown.length === 0) return integers(shape.map(Number));
      const inputs = shape.map(dim);
      return once(`dims${renderShape(shape)}`, { type: 'Concat', inputs, attributes: { axis: 0 } });
    },
    paddedDifference: (long, short, before, after) => {
      const inputs = [dim(long), dim(short)];
      const difference = once(`${long}-${short}`, { type: 'Sub', inputs });
      return once(`pads[${before},${long}-${short},${after}]`, {
        type: 'Concat',
        inputs: [integers(Array(before).fill(0)), difference, integers(Array(after).fill(0))],
        attributes: { axis: 0 },
      });
    },
  };
}

function floatInitializer(value: Value, data: Float32Array): OnnxInitializer {
  const shape = value.shape.map(Number);
  const expected = shape.reduce((product, dim) => product * dim, 1);
  if (data.length !== expected) {
    throw new AppError(
      'bad-model',
      `the weight "${nameOf(value)}" has ${data.length} values; the model's configuration wants ${renderShape(shape)}`,
    );
  }
  return { name: nameOf(value), dtype: value.dtype, shape, bytes: bytesOf(data) };
}
