import { describe, expect, it } from 'vitest';
import { loadConfig, STAGES } from '../../src/core/config/index.ts';
import { backoffDelayMs, CATALOGUE, jobId, nextStep } from '../../src/queues/index.ts';

const queues = {
  ...loadConfig({ env: {} }).config.queues,
  backoffMs: 100,
  backoffMaxMs: 1000,
  backoffJitter: 0.5,
};

describe('the catalogue', () => {
  it('leads from the first stage through the training to the last', () => {
    expect(STAGES.map((stage) => nextStep(stage))).toEqual([
      { kind: 'stage', stage: 'version-data' },
      { kind: 'training' },
      { kind: 'none' },
      { kind: 'stage', stage: 'summarize-run' },
      { kind: 'none' },
    ]);
  });

  it('names a job after its run, its stage and its candidate', () => {
    expect(jobId('20261123-231501-k3v9qa', 'version-data')).toBe('20261123-231501-k3v9qa.version-data');
    expect(jobId('r', 'train-model', 'head')).toBe('r.train-model.head');
  });

  it.each(['', 'A', 'a.b', 'a:b', '../a', 'a b'])('refuses the run id %j in a payload', (runId) => {
    expect(CATALOGUE['generate-data'].payload.safeParse({ runId }).success).toBe(false);
  });
});

describe('the delay before the next attempt', () => {
  it('doubles up to its cap when nothing is random', () => {
    expect([1, 2, 3, 4, 5, 20].map((failures) => backoffDelayMs(queues, failures, 0))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  it('is shortened by at most the share that is random', () => {
    expect([0, 0.5, 0.999].map((random) => backoffDelayMs(queues, 2, random))).toEqual([200, 150, 100]);
  });
});
