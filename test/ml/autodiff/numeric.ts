/** Judges a gradient rule by finite differences of the forward pass, both run by ONNX Runtime. */
import { createRandom } from '../../../src/core/random.ts';
import {
  createGraph,
  emitGraph,
  gradients,
  multiply,
  sumAll,
  type Value,
} from '../../../src/ml/autodiff/index.ts';
import { encodeModel, openOnnxSession, type Feed } from '../../../src/ml/onnx/index.ts';

export interface Case {
  /** Shapes of the float operands; their values are drawn from the seed, away from 0 where asked. */
  readonly shapes: readonly (readonly number[])[];
  readonly build: (operands: readonly Value[]) => Value;
  readonly awayFromZero?: boolean;
}

/**
 * Largest difference between the rule's gradient and the numeric one, relative to the largest numeric entry.
 * The scalar is the sum of the output times fixed random factors, so that every element counts differently.
 */
export async function gradientError(testCase: Case): Promise<number> {
  const random = createRandom(7);
  const draw = (): number => {
    const value = random.normal();
    return testCase.awayFromZero === true ? value + Math.sign(value) * 0.5 : value;
  };
  const operands = testCase.shapes.map((shape) => ({
    shape,
    data: Float32Array.from({ length: size(shape) }, draw),
  }));

  const graph = createGraph();
  const inputs = operands.map(({ shape }, index) => graph.input(`x${index}`, 'float32', shape));
  const output = testCase.build(inputs);
  const factors = Float32Array.from({ length: size(output.shape.map(Number)) }, draw);
  const scalar = sumAll(multiply(output, graph.constant(factors, output.shape.map(Number))));
  const slopes = gradients(scalar, inputs);

  const named = Object.fromEntries(slopes.map((slope, index) => [`d${index}`, slope]));
  const session = await openOnnxSession(
    encodeModel(emitGraph(graph, { name: 'gradient-check', outputs: { scalar, output, ...named } })),
    { threads: 1 },
  );
  try {
    const feeds = Object.fromEntries(
      operands.map((operand, index) => [`x${index}`, operand] as [string, Feed]),
    );
    const exact = await session.run(feeds);
    /** The scalar in double precision: float32 would lose the small differences in a large sum. */
    const evaluate = async (): Promise<number> => {
      const { output: y } = await session.run(feeds);
      return (y as { data: Float32Array }).data.reduce(
        (sum, value, i) => sum + value * (factors[i] as number),
        0,
      );
    };
    let worst = 0;
    for (const [index, { data }] of operands.entries()) {
      const rule = (exact[`d${index}`] as { data: Float32Array }).data;
      const numeric = new Float64Array(data.length);
      for (const element of data.keys()) numeric[element] = await slopeAt(data, element, evaluate);
      const largest = numeric.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      numeric.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value - (rule[i] as number)) / largest);
      });
    }
    return worst;
  } finally {
    await session.close();
  }
}

/** Central differences of fourth order, so that a step wide enough for float32 is still exact enough. */
async function slopeAt(
  data: Float32Array,
  element: number,
  evaluate: () => Promise<number>,
): Promise<number> {
  const centre = data[element] as number;
  const step = 2 ** -5;
  const at = async (offset: number): Promise<number> => {
    data[element] = centre + offset;
    const value = await evaluate();
    data[element] = centre;
    return value;
  };
  const near = (await at(step)) - (await at(-step));
  const far = (await at(2 * step)) - (await at(-2 * step));
  return (8 * near - far) / (12 * step);
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}
