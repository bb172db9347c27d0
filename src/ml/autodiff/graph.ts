/**
 * The graph under construction. Values are symbolic: applying an operator computes no numbers, it checks
 * shapes, appends a node and returns the values that node will produce. Nodes stand in an order in which
 * they can run, because a node can only be made from values that exist already.
 */
import { AppError } from '../../core/errors.ts';
import type { OnnxAttribute, OnnxNode } from '../onnx/index.ts';
import { renderShape, type Dim, type Shape } from './shape.ts';

export type DataType = 'float32' | 'int64';

export interface ValueType {
  readonly dtype: DataType;
  readonly shape: Shape;
}

export interface Value extends ValueType {
  readonly graph: Graph;
  readonly id: number;
  readonly origin: Origin;
}

interface Parameter {
  readonly name: string;
  readonly value: Value;
}

export type Origin =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'constant'; readonly data: Float32Array }
  | { readonly kind: 'node'; readonly node: Node };

/** One application of an operator. */
export interface Node {
  readonly operator: string;
  /** The layer it belongs to, outermost first: `transformer.layer.3.attention`. */
  readonly scope: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  emit(emitter: Emitter): OnnxCall;
  /** The gradient of each input (null: does not depend on it smoothly), given that of the first output. */
  gradient(dy: Value): readonly (Value | null)[];
}

/** How a value is differentiated with respect to values further back, in place of the rules between. */
interface Shortcut {
  readonly inputs: readonly Value[];
  gradient(dy: Value): readonly (Value | null)[];
}

/** The ONNX operator that computes a node. Its inputs are the node's, then `extraInputs`. */
interface OnnxCall {
  readonly type: string;
  readonly domain?: OnnxNode['domain'];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly extraInputs?: readonly string[];
}

/** What an operator may ask for while it is emitted; each answer is the name of an int64 vector. */
export interface Emitter {
  integers(values: readonly number[]): string;
  /** The dimensions of a shape, read from the graph's inputs at run time where they are symbols. */
  dims(shape: Shape): string;
  /** How many more entries `long` has than `short`, with `before` zeros in front and `after` behind. */
  paddedDifference(long: Dim, short: Dim, before: number, after: number): string;
}

/** A row of the operator table: shape rule, how it is emitted, how it is differentiated. */
export interface Operator<A> {
  readonly name: string;
  /** Types of the outputs; throws when the inputs do not fit. */
  infer(inputs: readonly Value[], attributes: A): readonly ValueType[];
  /** The ONNX node that computes it. */
  emit(call: Call<A>, emitter: Emitter): OnnxCall;
  /**
   * New nodes that compute the gradient of each input; a gradient may be wider where an input was stretched.
   */
  gradient(call: Call<A>, dy: Value): readonly (Value | null)[];
}

export interface Call<A> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: A;
}

export interface Graph {
  readonly nodes: readonly Node[];
  /** See `withGradient`. */
  readonly shortcuts: Map<Node, Shortcut>;
  /** In the order in which the model asked for them. */
  readonly parameters: readonly Parameter[];
  input(name: string, dtype: DataType, shape: Shape): Value;
  /** A weight: an input while training, stored in the model when exported. */
  parameter(name: string, shape: readonly number[]): Value;
  constant(data: Float32Array | readonly number[], shape: readonly number[]): Value;
  scalar(value: number): Value;
  /** Everything built inside `body` carries the scope's name, in errors and in profiles. */
  within<T>(scope: string, body: () => T): T;
  apply<A>(operator: Operator<A>, inputs: readonly Value[], attributes: A): readonly Value[];
}

export function createGraph(): Graph {
  const nodes: Node[] = [];
  const parameters: Parameter[] = [];
  const scopes: string[] = [];
  const named = new Map<string, Value>();
  let values = 0;

  const makeValue = (type: ValueType, origin: Origin): Value => {
    values += 1;
    return { graph, id: values, dtype: type.dtype, shape: type.shape, origin };
  };
  const makeNamed = (kind: 'input' | 'parameter', name: string, type: ValueType): Value => {
    if (named.has(name)) throw new AppError('internal', `the graph has two inputs named "${name}"`);
    const value = makeValue(type, { kind, name });
    named.set(name, value);
    return value;
  };

  const graph: Graph = {
    nodes,
    shortcuts: new Map(),
    parameters,
    input: (name, dtype, shape) => makeNamed('input', name, { dtype, shape }),
    parameter: (name, shape) => {
      const value = makeNamed('parameter', name, { dtype: 'float32', shape });
      parameters.push({ name, value });
      return value;
    },
    constant: (data, shape) =>
      makeValue({ dtype: 'float32', shape }, { kind: 'constant', data: Float32Array.from(data) }),
    scalar: (value) => graph.constant([value], []),
    within: (scope, body) => {
      scopes.push(scope);
      try {
        return body();
      } finally {
        scopes.pop();
      }
    },
    apply: (operator, inputs, attributes) => {
      const scope = scopes.join('.');
      const types = inferTypes(operator, inputs, attributes, scope);
      const outputs: Value[] = [];
      const node: Node = {
        operator: operator.name,
        scope,
        inputs,
        outputs,
        emit: (emitter) => operator.emit({ inputs, outputs, attributes }, emitter),
        gradient: (dy) => operator.gradient({ inputs, outputs, attributes }, dy),
      };
      outputs.push(...types.map((type) => makeValue(type, { kind: 'node', node })));
      nodes.push(node);
      return outputs;
    },
  };
  return graph;
}

/** The value an operator with one output makes. */
export function applyOne<A>(
  operator: Operator<A>,
  inputs: readonly [Value, ...Value[]],
  attributes: A,
): Value {
  const [output] = inputs[0].graph.apply(operator, inputs, attributes);
  if (output === undefined) throw new AppError('internal', `${operator.name} makes no value`);
  return output;
}

/**
 * The same value, with a rule of its own for the whole way from `inputs` to it: for what is cheaper to
 * differentiate than the operators that it is composed of (JAX's `custom_vjp`).
 */
export function withGradient(value: Value, inputs: readonly Value[], gradient: Shortcut['gradient']): Value {
  if (value.origin.kind !== 'node')
    throw new AppError('internal', 'only a computed value has a gradient rule');
  value.graph.shortcuts.set(value.origin.node, { inputs, gradient });
  return value;
}

function inferTypes<A>(
  operator: Operator<A>,
  inputs: readonly Value[],
  attributes: A,
  scope: string,
): readonly ValueType[] {
  try {
    return operator.infer(inputs, attributes);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const shapes = inputs.map(({ dtype, shape }) => `${dtype} ${renderShape(shape)}`).join(', ');
    throw new AppError(
      thrown.code,
      `${scope === '' ? 'the graph' : scope}: ${operator.name} does not take ${shapes}: ${thrown.message}`,
      { cause: thrown },
    );
  }
}
