import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { instantiateKernels, type Kernels } from '../../../src/ml/wasm/kernels.ts';
import { createWasmMemory } from '../../../src/ml/wasm/assembler.ts';

const COUNT = 1000;
const BYTES = COUNT * 4;

async function openKernels(): Promise<{ kernels: Kernels; block: (index: number) => Float32Array }> {
  const memory = createWasmMemory(1);
  const kernels = await instantiateKernels(memory);
  return { kernels, block: (index) => new Float32Array(memory.buffer, index * BYTES, COUNT) };
}

describe('the vector kernels', () => {
  it('do AdamW as its formula in double precision does, over several steps', async () => {
    const { kernels, block } = await openKernels();
    const [weights, gradients, means, variances] = [block(0), block(1), block(2), block(3)];
    const random = createRandom(1);
    weights.forEach((_, i) => (weights[i] = random.normal()));
    const expected = {
      w: Float64Array.from(weights),
      m: new Float64Array(COUNT),
      v: new Float64Array(COUNT),
    };
    const [rate, decay, scale] = [1e-2, 0.1, 0.5];
    for (let step = 1; step <= 5; step += 1) {
      gradients.forEach((_, i) => (gradients[i] = random.normal() * 10 ** (i % 5)));
      const [meanCorrection, varianceCorrection] = [1 - 0.9 ** step, 1 - 0.999 ** step];
      kernels.adamw({
        weights: 0,
        end: BYTES,
        gradients: BYTES,
        means: 2 * BYTES,
        variances: 3 * BYTES,
        gradientScale: scale,
        keep: 1 - rate * decay,
        oneMinusBeta1: 1 - 0.9,
        beta2: 0.999,
        oneMinusBeta2: 1 - 0.999,
        rate: rate / meanCorrection,
        deviationScale: 1 / Math.sqrt(varianceCorrection),
        epsilon: 1e-8,
      });
      const { w, m, v } = expected;
      for (let i = 0; i < COUNT; i += 1) {
        const g = (gradients[i] as number) * scale;
        m[i] = 0.9 * (m[i] as number) + 0.1 * g;
        v[i] = 0.999 * (v[i] as number) + 0.001 * g * g;
        const update =
          (m[i] as number) / meanCorrection / (Math.sqrt((v[i] as number) / varianceCorrection) + 1e-8);
        w[i] = (w[i] as number) * (1 - rate * decay) - rate * update;
      }
    }
    weights.forEach((value, i) => expect(value).toBeCloseTo(expected.w[i] as number, 5));
    means.forEach((value, i) => expect(value / (expected.m[i] as number)).toBeCloseTo(1, 4));
    variances.forEach((value, i) => expect(value / (expected.v[i] as number)).toBeCloseTo(1, 4));
  });

  it('sum squares in double precision and add in place, within their range only', async () => {
    const { kernels, block } = await openKernels();
    block(0).fill(3);
    block(1).fill(0.1);
    expect(kernels.sumSquares(BYTES, 2 * BYTES)).toBeCloseTo(COUNT * Math.fround(0.1) ** 2, 12);
    kernels.addInto(16, BYTES - 16, BYTES + 16);
    const sums = [...block(0)];
    expect(new Set(sums.slice(4, -4))).toEqual(new Set([Math.fround(3 + Math.fround(0.1))]));
    expect([...sums.slice(0, 4), ...sums.slice(-4)]).toEqual(Array(8).fill(3));
  });

  it('fill dropout masks of the asked share that follow from their keys alone', async () => {
    const { kernels, block } = await openKernels();
    const draw = (key1: number, key2: number, probability = 0.25): number[] => {
      kernels.dropoutMask(0, BYTES, key1, key2, probability * 2 ** 32, 1 / (1 - probability));
      return [...block(0)];
    };
    const mask = draw(1, 2);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(draw(1, 2)).toEqual(mask);
    for (const other of [draw(1, 3), draw(2, 2), draw(-1, 0x7fff_ffff)]) {
      const agreeing = other.filter((value, i) => value === mask[i]).length / COUNT;
      expect(agreeing).toBeGreaterThan(0.55);
      expect(agreeing).toBeLessThan(0.7);
    }
    let dropped = 0;
    for (let key = 0; key < 100; key += 1) dropped += draw(key, 7, 0.1).filter((value) => value === 0).length;
    // 100,000 draws: four standard deviations are 0.0038.
    expect(Math.abs(dropped / (100 * COUNT) - 0.1)).toBeLessThan(0.0038);
  });
});
