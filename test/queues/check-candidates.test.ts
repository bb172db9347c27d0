import { describe, expect, it } from 'vitest';
import { loadConfig, type CandidateConfig } from '../../src/core/config/index.ts';
import { checkCandidates } from '../../src/queues/runs.ts';

const { config } = loadConfig({ env: {} });
const check = (recipe: CandidateConfig['recipe'], settings: CandidateConfig['settings']): Promise<void> =>
  checkCandidates({ candidates: [{ name: 'tried', recipe, seed: 1, settings }], model: config.model });

describe('a candidate', () => {
  const refused: [CandidateConfig['recipe'], CandidateConfig['settings'], RegExp][] = [
    ['full', { learnRate: 1 }, /learnRate=1.*"learnRate"[^]*The settings are .*learningRate/],
    ['full', { epochs: -1 }, /epochs=-1/],
    ['full', { clipNorm: 'null' }, /clipNorm="null"/],
    ['full', { name: 'reference' }, /cannot change name.*name another recipe/],
    ['full', { trainer: 'head' }, /cannot change trainer.*name another recipe/],
    ['head', { layerDecay: 0.9 }, /layerDecay: 0.9 would have no effect/],
  ];
  it.each(refused)('of the recipe %s with %j is refused by name', async (recipe, settings, message) => {
    const refusal = check(recipe, settings);
    await expect(refusal).rejects.toMatchObject({ code: 'invalid-config', message });
    await expect(refusal).rejects.toThrow('the candidate "tried" cannot be trained');
  });

  it('may set to null what null turns off', async () => {
    await check('full', { clipNorm: null, dropout: null, earlyStoppingPatience: null });
  });

  it('may change what its recipe has, as those of the default configuration do', async () => {
    await checkCandidates({ candidates: config.pipeline.candidates, model: config.model });
  });
});
