/**
 * The loops over all parameters that a training step needs beside the graph, as WebAssembly vector code.
 *
 * They work in the memory in which ONNX Runtime reads the weights and writes the gradients, so nothing is
 * copied between: docs/decisions/0006-webassembly-kernels.md. Addresses are in bytes; every range starts at a
 * multiple of 16 and holds at least one vector.
 */
import {
  defineFunction,
  doWhile,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  instantiateFunctions,
  v128,
  type Code,
  type Local,
  type WasmMemory,
  type WasmType,
} from './assembler.ts';

export interface Kernels {
  /** Sum of the squares, in double precision. */
  sumSquares(start: number, end: number): number;
  /** target += source. */
  addInto(target: number, end: number, source: number): void;
  /**
   * One AdamW step with decoupled decay (Loshchilov and Hutter 2019), in the order of PyTorch's operations:
   * g = gradient * gradientScale; w *= keep; m += (g - m) * (1 - beta1); v = v * beta2 + g * g * (1 - beta2);
   * w -= rate * m / (sqrt(v) * deviationScale + epsilon).
   */
  adamw(step: AdamwStep): void;
  /**
   * Fills a dropout mask: element i becomes `kept` unless a hash of (i, key1, key2) falls below `threshold`
   * (unsigned, of 2^32), and 0 then. Depends on nothing else, so a step can be repeated from its number
   * alone.
   */
  dropoutMask(start: number, end: number, key1: number, key2: number, threshold: number, kept: number): void;
}

/**
 * One tensor's: where its four ranges start, where that of its weights ends, and the numbers of
 * `Kernels.adamw`.
 */
const ADAMW_PARAMETERS = {
  weights: 'i32',
  end: 'i32',
  gradients: 'i32',
  means: 'i32',
  variances: 'i32',
  gradientScale: 'f32',
  keep: 'f32',
  oneMinusBeta1: 'f32',
  beta2: 'f32',
  oneMinusBeta2: 'f32',
  rate: 'f32',
  deviationScale: 'f32',
  epsilon: 'f32',
} as const satisfies Record<string, WasmType>;
const ADAMW_ORDER = Object.keys(ADAMW_PARAMETERS) as (keyof typeof ADAMW_PARAMETERS)[];
type AdamwStep = Readonly<Record<keyof typeof ADAMW_PARAMETERS, number>>;

type Instance = Omit<Kernels, 'adamw'> & { adamw(...values: number[]): void };

export async function instantiateKernels(memory: WasmMemory): Promise<Kernels> {
  const functions = await instantiateFunctions<Instance>([sumSquares, addInto, adamw, dropoutMask], memory);
  return {
    ...functions,
    adamw: (step) => functions.adamw(...ADAMW_ORDER.map((name) => step[name])),
  };
}

const VECTOR_BYTES = i32.const(16);
const advance = (pointer: Local): Code => pointer.set(i32.add(pointer.get, VECTOR_BYTES));
/** A loop in which `pointer` walks to `end` and the others beside it. */
const walk = (pointer: Local, end: Local, beside: readonly Local[], body: readonly Code[]): Code =>
  doWhile([...body, ...[pointer, ...beside].map(advance)], i32.lessThan(pointer.get, end.get));

const sumSquares = defineFunction(
  'sumSquares',
  { start: 'i32', end: 'i32' },
  { values: 'v128', low: 'v128', high: 'v128', sumLow: 'v128', sumHigh: 'v128' },
  ({ start, end, values, low, high, sumLow, sumHigh }) => [
    walk(
      start,
      end,
      [],
      [
        values.set(v128.load(start.get)),
        low.set(f64x2.fromLowFloats(values.get)),
        high.set(f64x2.fromLowFloats(v128.highHalf(values.get))),
        sumLow.set(f64x2.add(sumLow.get, f64x2.multiply(low.get, low.get))),
        sumHigh.set(f64x2.add(sumHigh.get, f64x2.multiply(high.get, high.get))),
      ],
    ),
    sumLow.set(f64x2.add(sumLow.get, sumHigh.get)),
    f64.add(f64x2.lane(sumLow.get, 0), f64x2.lane(sumLow.get, 1)),
  ],
  'f64',
);

const addInto = defineFunction(
  'addInto',
  { target: 'i32', end: 'i32', source: 'i32' },
  {},
  ({ target, end, source }) => [
    walk(
      target,
      end,
      [source],
      [v128.store(target.get, f32x4.add(v128.load(target.get), v128.load(source.get)))],
    ),
  ],
);

const times = (vector: Code, factor: Local): Code => f32x4.multiply(vector, f32x4.splat(factor.get));

const adamw = defineFunction(
  'adamw',
  ADAMW_PARAMETERS,
  { g: 'v128', m: 'v128', v: 'v128', w: 'v128' },
  (p) => {
    const { weights, end, gradients, means, variances, g, m, v, w } = p;
    const deviation = f32x4.add(times(f32x4.sqrt(v.get), p.deviationScale), f32x4.splat(p.epsilon.get));
    return [
      walk(
        weights,
        end,
        [gradients, means, variances],
        [
          g.set(times(v128.load(gradients.get), p.gradientScale)),
          m.set(v128.load(means.get)),
          m.set(f32x4.add(m.get, times(f32x4.subtract(g.get, m.get), p.oneMinusBeta1))),
          v.set(
            f32x4.add(
              times(v128.load(variances.get), p.beta2),
              times(f32x4.multiply(g.get, g.get), p.oneMinusBeta2),
            ),
          ),
          w.set(times(v128.load(weights.get), p.keep)),
          v128.store(weights.get, f32x4.subtract(w.get, times(f32x4.divide(m.get, deviation), p.rate))),
          v128.store(means.get, m.get),
          v128.store(variances.get, v.get),
        ],
      ),
    ];
  },
);

const everyLane = (word: number): Code => i32x4.splat(i32.const(word));

const dropoutMask = defineFunction(
  'dropoutMask',
  { start: 'i32', end: 'i32', key1: 'i32', key2: 'i32', threshold: 'i32', kept: 'f32' },
  { counter: 'v128', x: 'v128', thresholds: 'v128', keptBits: 'v128' },
  ({ start, end, key1, key2, threshold, kept, counter, x, thresholds, keptBits }) => {
    const mix = (bits: number): Code => x.set(v128.xor(x.get, i32x4.shiftRight(x.get, bits)));
    const stretch = (factor: number): Code => x.set(i32x4.multiply(x.get, everyLane(factor)));
    return [
      counter.set(v128.const([0, 1, 2, 3])),
      thresholds.set(i32x4.splat(threshold.get)),
      keptBits.set(f32x4.splat(kept.get)),
      walk(
        start,
        end,
        [],
        [
          // Murmur3's finaliser with a second key in its middle, so that two keys never give shifted copies,
          // and one more round behind it, so that keys that differ in one bit give unrelated masks.
          x.set(i32x4.add(i32x4.multiply(counter.get, everyLane(0x9e3779b1)), i32x4.splat(key1.get))),
          mix(16),
          stretch(0x85ebca6b),
          x.set(v128.xor(x.get, i32x4.splat(key2.get))),
          mix(13),
          stretch(0xc2b2ae35),
          mix(16),
          stretch(0x7feb352d),
          mix(15),
          v128.store(start.get, v128.and(i32x4.notLessThan(x.get, thresholds.get), keptBits.get)),
          counter.set(i32x4.add(counter.get, everyLane(4))),
        ],
      ),
    ];
  },
);
