import { describe, expect, it } from 'vitest';
import {
  add,
  createGraph,
  divide,
  emitGraph,
  erf,
  exp,
  expand,
  gatherRows,
  gelu,
  gradients,
  layerNorm,
  takeFirst,
  linear,
  logSoftmax,
  matmul,
  attentionOutput,
  multiply,
  OPERATORS,
  padTo,
  relu,
  reshape,
  attentionScores,
  softmax,
  subtract,
  sum,
  sumAll,
  transpose,
} from '../../../src/ml/autodiff/index.ts';
import { GELU } from '../../../src/ml/autodiff/elementwise.ts';
import { applyOne, type Operator, type Value } from '../../../src/ml/autodiff/graph.ts';
import { encodeModel, openOnnxSession } from '../../../src/ml/onnx/index.ts';
import { gradientError, type Case } from './numeric.ts';

const TOLERANCE = 1e-3;

const two = (
  shapes: Case['shapes'],
  build: (a: Value, b: Value) => Value,
  rest: Partial<Case> = {},
): Case => ({
  shapes,
  build: ([a, b]) => build(a as Value, b as Value),
  ...rest,
});
const one = (shape: readonly number[], build: (x: Value) => Value, rest: Partial<Case> = {}): Case => ({
  shapes: [shape],
  build: ([x]) => build(x as Value),
  ...rest,
});
const stretched = [
  [2, 3],
  [4, 1, 3],
] as const;

/** At least one case for every differentiable operator; `covers` is the operator's name in the table. */
const CASES: readonly (Case & { readonly covers: string; readonly note?: string })[] = [
  { covers: 'add', ...two(stretched, add) },
  { covers: 'subtract', ...two(stretched, subtract) },
  { covers: 'multiply', ...two(stretched, multiply) },
  { covers: 'divide', ...two(stretched, divide, { awayFromZero: true }) },
  { covers: 'multiply', note: ' of a value by itself', ...one([3], (x) => multiply(x, x)) },
  { covers: 'exp', ...one([2, 3], exp) },
  { covers: 'erf', ...one([2, 3], erf) },
  { covers: 'gelu', ...one([3, 4], gelu) },
  { covers: 'relu', ...one([3, 4], relu, { awayFromZero: true }) },
  { covers: 'reshape', ...one([2, 6], (x) => reshape(x, [3, 4])) },
  { covers: 'transpose', ...one([2, 3, 4], (x) => transpose(x, [2, 0, 1])) },
  { covers: 'takeFirst', ...one([2, 4, 3], (x) => takeFirst(x, 1, 2)) },
  { covers: 'padTo', ...one([2, 2, 3], (x) => padTo(x, 1, 4)) },
  { covers: 'expand', ...one([2, 1, 3], (x) => expand(x, [2, 4, 3])) },
  { covers: 'sum', ...one([2, 3, 4], (x) => sum(x, [0, 2])) },
  { covers: 'softmax', ...one([3, 5], softmax) },
  {
    covers: 'softmax',
    note: ' that mixes values',
    ...two(
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      (scores, values) => attentionOutput(scores, values, (probabilities) => probabilities),
    ),
  },
  {
    covers: 'softmax',
    note: ' that mixes values, some left out',
    ...two(
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      (scores, values) =>
        attentionOutput(scores, values, (probabilities) =>
          multiply(probabilities, scores.graph.constant([1.5, 0, 1.5, 1.5], [4])),
        ),
    ),
  },
  {
    covers: 'matmul',
    note: ' that scores keys',
    ...two(
      [
        [2, 3, 2],
        [2, 4, 2],
      ],
      (queries, keys) => attentionScores(queries, keys, 0.7),
    ),
  },
  { covers: 'logSoftmax', ...one([3, 5], logSoftmax) },
  {
    covers: 'layerNorm',
    shapes: [[4, 6], [6], [6]],
    build: ([x, gain, bias]) => layerNorm(x as Value, gain as Value, bias as Value, 1e-12),
  },
  {
    covers: 'linear',
    shapes: [[4, 3], [5, 3], [5]],
    build: ([x, weight, bias]) => linear(x as Value, weight as Value, bias as Value),
  },
  ...[false, true].flatMap((transposeA) =>
    [false, true].map((transposeB) => ({
      covers: 'matmul',
      note: `${transposeA ? ', left' : ''}${transposeB ? ', right' : ''} transposed`,
      ...two([transposeA ? [2, 4, 3] : [2, 3, 4], transposeB ? [2, 5, 4] : [2, 4, 5]], (a, b) =>
        matmul(a, b, { transposeA, transposeB, alpha: 0.7 }),
      ),
    })),
  ),
];

/** Flat, or not differentiable by design. */
const WITHOUT_GRADIENT = ['sign', 'toFloat', 'gatherRows'];

describe('the operator table', () => {
  it.each(CASES)('differentiates $covers$note as finite differences do', async (testCase) => {
    expect(await gradientError(testCase)).toBeLessThan(TOLERANCE);
  });

  it('has a case here for every operator', () => {
    const covered = new Set([...CASES.map(({ covers }) => covers), ...WITHOUT_GRADIENT]);
    expect([...covered].toSorted()).toEqual([...OPERATORS].toSorted());
  });

  it('is judged by a checker that notices a wrong rule, even a slightly wrong one', async () => {
    const wrong: Operator<null> = {
      ...GELU,
      gradient: (call, dy) =>
        GELU.gradient(call, dy).map((slope) => multiply(slope as Value, dy.graph.scalar(1.01))),
    };
    const missing: Operator<null> = { ...GELU, gradient: (_call, dy) => [dy] };
    expect(await gradientError(one([3, 4], (x) => applyOne(wrong, [x], null)))).toBeGreaterThan(TOLERANCE);
    expect(await gradientError(one([3, 4], (x) => applyOne(missing, [x], null)))).toBeGreaterThan(TOLERANCE);
  });

  it('gives the gradient of the gathered rows, and refuses the dense one of the table', async () => {
    const graph = createGraph();
    const table = graph.parameter('table', [4, 2]);
    const rows = gatherRows(table, graph.input('ids', 'int64', [3]));
    const loss = sumAll(multiply(rows, rows));
    const [slope] = gradients(loss, [rows]);
    const session = await openOnnxSession(
      encodeModel(emitGraph(graph, { name: 'rows', outputs: { slope: slope as Value } })),
    );
    const { slope: computed } = await session.run({
      table: { data: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]), shape: [4, 2] },
      ids: { data: BigInt64Array.from([3n, 0n, 3n]), shape: [3] },
    });
    expect(computed).toEqual({ data: Float32Array.from([12, 14, 0, 2, 12, 14]), shape: [3, 2] });
    expect(() => gradients(loss, [table])).toThrow(/gradient of the gathered rows/);
    await session.close();
  });
});

describe('a graph with symbolic dimensions', () => {
  it('serves batches of every shape', async () => {
    const graph = createGraph();
    const x = graph.input('x', 'float32', ['batch', 'time', 4]);
    const table = graph.parameter('positions', [6, 4]);
    const shifted = add(x, takeFirst(table, 0, 'time'));
    const heads = transpose(
      reshape(reshape(shifted, ['batch*time', 4]), ['batch', 'time', 2, 2]),
      [0, 2, 1, 3],
    );
    const [slope] = gradients(sumAll(multiply(heads, heads)), [table]);
    const session = await openOnnxSession(
      encodeModel(emitGraph(graph, { name: 'symbolic', outputs: { heads, slope: slope as Value } })),
    );
    for (const [batch, time] of [
      [1, 1],
      [3, 5],
      [2, 6],
    ] as const) {
      const outputs = await session.run({
        x: { data: new Float32Array(batch * time * 4).fill(1), shape: [batch, time, 4] },
        positions: { data: new Float32Array(24), shape: [6, 4] },
      });
      expect(outputs['heads']?.shape).toEqual([batch, 2, time, 2]);
      const expected = Array.from({ length: 24 }, (_, i) => (i < time * 4 ? 2 * batch : 0));
      expect([...(outputs['slope']?.data ?? [])]).toEqual(expected);
    }
    await session.close();
  });

  it('names the layer, the operator and the shapes when they do not fit', () => {
    const graph = createGraph();
    const x = graph.input('x', 'float32', ['batch', 3]);
    const y = graph.input('y', 'float32', ['batch', 4]);
    expect(() => graph.within('layer.2', () => graph.within('ffn', () => add(x, y)))).toThrow(
      'layer.2.ffn: add does not take float32 [batch, 3], float32 [batch, 4]: axis 1 is 3 in one and 4 in the other',
    );
    expect(() => reshape(x, ['batch', 2])).toThrow(/reshape does not take .* another number of elements/);
    expect(() => matmul(x, y)).toThrow(/the inner dimensions are 3 and batch/);
  });

  it('stores weights of the right size only', () => {
    const graph = createGraph();
    const x = graph.input('x', 'float32', ['batch', 3]);
    const y = linear(x, graph.parameter('layer.weight', [2, 3]), graph.parameter('layer.bias', [2]));
    const emit = (): unknown =>
      emitGraph(graph, { name: 'stored', outputs: { y }, weights: () => new Float32Array(5) });
    expect(emit).toThrow(/"layer.bias" has 5 values; the model's configuration wants \[2\]/);
  });
});
