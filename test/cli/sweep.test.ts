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

  it('reads null as a value of its own, for settings that null turns off', () => {
    const candidates = planSweep({ recipes: ['full'], seeds: [1], settings: ['clipNorm=1,null'] });
    expect(candidates.map(({ settings }) => settings)).toEqual([{ clipNorm: 1 }, { clipNorm: null }]);
  });

  it.each([
    [
      { recipes: ['full'], seeds: [1], settings: ['learningRate=1e-4', 'learningRate=5e-5'] },
      /--set learningRate is given more than once: list all its values in one/,
    ],
    [{ recipes: ['full'], seeds: [1], settings: ['learningRate=1e-4,0.0001'] }, /names 0.0001 twice/],
    [{ recipes: ['full'], seeds: [1], settings: ['clipNorm=null,null'] }, /names null twice/],
    [{ recipes: ['full', 'head', 'full'], seeds: [1], settings: [] }, /--recipe names full twice/],
    [{ recipes: ['full'], seeds: [3, 3], settings: [] }, /--seeds names 3 twice/],
    [{ recipes: ['Fast'], seeds: [1], settings: [] }, /"Fast" is no name of a recipe/],
    [{ recipes: ['full'], seeds: [1], settings: ['learningRate'] }, /SETTING=VALUE,VALUE is needed/],
    [
      { recipes: ['full'], seeds: Array.from({ length: 65 }, (_, i) => i), settings: [] },
      /65 candidates; a run takes at most 64/,
    ],
  ])('%j is refused', (options, message) => {
    expect(() => planSweep(options)).toThrow(message);
  });
});
