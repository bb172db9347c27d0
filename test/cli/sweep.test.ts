import { describe, expect, it } from 'vitest';
import { planSweep } from '../../src/cli/sweep.ts';

describe('a sweep', () => {
  it('is every combination of recipes, settings and seeds, each under a name of its own', () => {
    const candidates = planSweep({
      recipes: ['full'],
      seeds: [1, 2],
      settings: ['learningRate=1e-4,5e-5', 'classWeights=balanced'],
    });
    expect(candidates.map(({ name, seed, settings }) => [name, seed, settings])).toEqual([
      ['full-1', 1, { learningRate: 1e-4, classWeights: 'balanced' }],
      ['full-2', 2, { learningRate: 1e-4, classWeights: 'balanced' }],
      ['full-3', 1, { learningRate: 5e-5, classWeights: 'balanced' }],
      ['full-4', 2, { learningRate: 5e-5, classWeights: 'balanced' }],
    ]);
  });

  it.each([
    [{ recipes: ['fast'], seeds: [1], settings: [] }, /there is no recipe "fast"/],
    [{ recipes: ['full'], seeds: [1], settings: ['learningRate'] }, /SETTING=VALUE,VALUE is needed/],
    [
      { recipes: ['full'], seeds: Array.from({ length: 65 }, (_, i) => i), settings: [] },
      /65 candidates; a run takes at most 64/,
    ],
  ])('%j is refused', (options, message) => {
    expect(() => planSweep(options)).toThrow(message);
  });
});
