import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';

describe('random numbers', () => {
  it('repeat under the same seed and differ under another', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, createRandom(seed).next);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('go on from a saved state as if never interrupted', () => {
    const whole = createRandom(3);
    whole.next();
    const resumed = createRandom(whole.state());
    expect(Array.from({ length: 20 }, resumed.next)).toEqual(Array.from({ length: 20 }, whole.next));
  });

  it('are uniform and normal to within sampling error', () => {
    const random = createRandom(4);
    const n = 100_000;
    let uniform = 0;
    let normal = 0;
    let square = 0;
    for (let i = 0; i < n; i += 1) {
      uniform += random.next();
      const z = random.normal();
      normal += z;
      square += z * z;
    }
    expect(Math.abs(uniform / n - 0.5)).toBeLessThan(0.005);
    expect(Math.abs(normal / n)).toBeLessThan(0.015);
    expect(Math.abs(square / n - 1)).toBeLessThan(0.02);
  });

  it('shuffle to a permutation', () => {
    const shuffled = createRandom(5).shuffle(Int32Array.from({ length: 100 }, (_, i) => i));
    expect([...shuffled]).not.toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect([...shuffled].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
