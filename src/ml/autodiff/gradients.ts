/** Reverse-mode differentiation: new nodes that compute gradients, from the operators' own rules. */
import { AppError } from '../../core/errors.ts';
import { add } from './elementwise.ts';
import type { Node, Value } from './graph.ts';
import { sum } from './reduction.ts';
import { renderShape, stretchedAxes } from './shape.ts';
import { reshape } from './shaping.ts';

/**
 * The gradient of a scalar with respect to each of some values, in their order and of their shapes.
 * A value may be a parameter or stand in the middle of the graph; differentiation stops there.
 */
export function gradients(scalar: Value, values: readonly Value[]): Value[] {
  const { graph } = scalar;
  if (scalar.shape.length > 0) {
    throw new AppError(
      'internal',
      `only a scalar has a gradient; this value is ${renderShape(scalar.shape)}`,
    );
  }
  const wanted = new Set(values);
  const forward = [...graph.nodes];
  const dependent = nodesBetween(forward, wanted);
  const found = new Map<Value, Value>([[scalar, graph.scalar(1)]]);

  for (const node of forward.toReversed()) {
    const [output] = node.outputs;
    const dy = output === undefined ? undefined : found.get(output);
    if (dy === undefined || !dependent.has(node)) continue;
    graph.within(`${node.scope}.gradient`, () => {
      const rule = graph.shortcuts.get(node) ?? node;
      const contributions = rule.gradient(dy);
      rule.inputs.forEach((input, index) => {
        const contribution = contributions[index];
        if (contribution === undefined || contribution === null) return;
        if (!leadsToWanted(input, wanted, dependent)) return;
        const summed = sumStretched(contribution, input);
        const before = found.get(input);
        found.set(input, before === undefined ? summed : add(before, summed));
      });
    });
  }
  return values.map((value) => {
    const gradient = found.get(value);
    if (gradient === undefined)
      throw new AppError('internal', `the scalar does not depend on ${describe(value)}`);
    return gradient;
  });
}

/** Nodes through which a wanted value acts; a node that makes a wanted value is itself beyond it. */
function nodesBetween(nodes: readonly Node[], wanted: ReadonlySet<Value>): Set<Node> {
  const dependent = new Set<Node>();
  for (const node of nodes) {
    if (node.outputs.some((output) => wanted.has(output))) continue;
    if (node.inputs.some((input) => leadsToWanted(input, wanted, dependent))) dependent.add(node);
  }
  return dependent;
}

function leadsToWanted(value: Value, wanted: ReadonlySet<Value>, dependent: ReadonlySet<Node>): boolean {
  return wanted.has(value) || (value.origin.kind === 'node' && dependent.has(value.origin.node));
}

/**
 * An operand that was stretched to its partner's shape acted once for every copy, so its gradients add up.
 */
function sumStretched(gradient: Value, input: Value): Value {
  return reshape(sum(gradient, stretchedAxes(input.shape, gradient.shape)), input.shape);
}

function describe({ origin, shape }: Value): string {
  const name =
    origin.kind === 'input' || origin.kind === 'parameter' ? `"${origin.name}"` : `a ${origin.kind}`;
  return `${name} ${renderShape(shape)}`;
}
