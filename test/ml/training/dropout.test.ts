import { describe, expect, it } from 'vitest';
import { createDropoutMasks, planPools, type DropoutMasks } from '../../../src/ml/training/dropout.ts';
import { createTrainingMemory } from '../../../src/ml/wasm/memory.ts';

const LENGTH = 10_000;
const MASKS = [
  { probability: 0.1, length: LENGTH },
  { probability: 0.1, length: 40 },
  { probability: 0.25, length: LENGTH },
];

async function open(): Promise<DropoutMasks> {
  const plan = planPools(MASKS, 8);
  return createDropoutMasks(await createTrainingMemory([], plan.end), plan);
}

/** Share of the places at which both masks drop, or both keep. */
function agreement(a: Float32Array, b: Float32Array): number {
  return a.filter((value, i) => value === b[i]).length / a.length;
}

describe('dropout masks', () => {
  it('drop the asked share and stretch the rest', async () => {
    const masks = await open();
    for (const probability of [0.1, 0.25]) {
      let dropped = 0;
      for (let step = 0; step < 20; step += 1) {
        const mask = masks.mask(probability, LENGTH, { seed: 1, step, mask: 0 });
        expect(new Set(mask)).toEqual(new Set([0, Math.fround(1 / (1 - probability))]));
        dropped += mask.filter((value) => value === 0).length;
      }
      // 200,000 draws, some of them more than once: four standard deviations of half as many are 0.0055.
      expect(Math.abs(dropped / (20 * LENGTH) - probability)).toBeLessThan(0.0055);
    }
  });

  it('are independent of one another where they meet, between steps, masks, seeds and pools', async () => {
    const masks = await open();
    const draw = { seed: 1, step: 3, mask: 0 };
    const first = masks.mask(0.25, LENGTH, draw).slice();
    for (const other of [
      { ...draw, step: 4 },
      { ...draw, step: 3 + 64 },
      { ...draw, mask: 1 },
      { ...draw, mask: 0x1_0000 },
      { ...draw, seed: 2 },
    ]) {
      // Two independent masks agree at 0.75^2 + 0.25^2 of all places; 0.02 are four standard deviations.
      expect(Math.abs(agreement(masks.mask(0.25, LENGTH, other), first) - 0.625)).toBeLessThan(0.02);
    }
  });

  it('follow from seed, step and number alone, whatever was drawn before', async () => {
    const undisturbed = await open();
    const steps = [0, 1, 63, 64, 200];
    const expected = steps.map((step) => undisturbed.mask(0.1, LENGTH, { seed: 7, step, mask: 5 }).slice());
    const resumed = await open();
    for (const index of [4, 1, 3, 0, 2]) {
      resumed.mask(0.25, LENGTH, { seed: 8, step: 9, mask: 1 });
      const mask = resumed.mask(0.1, LENGTH, { seed: 7, step: steps[index] as number, mask: 5 });
      expect(mask).toEqual(expected[index]);
    }
  });

  it('draw a new pool in time: the old one would repeat itself', async () => {
    const masks = await open();
    const pool = planPools(MASKS, 8).pools.get(0.1) as { length: number };
    const before = masks.mask(0.1, pool.length, { seed: 1, step: 63, mask: 0 }).slice();
    expect(masks.mask(0.1, pool.length, { seed: 1, step: 62, mask: 9 })).toEqual(before);
    const after = masks.mask(0.1, pool.length, { seed: 1, step: 64, mask: 0 });
    expect(Math.abs(agreement(after, before) - 0.82)).toBeLessThan(0.01);
  });
});
