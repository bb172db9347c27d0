import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/core/config/index.ts';
import {
  backoffDelayMs,
  childrenOf,
  declarationOf,
  defineFlow,
  JOB,
  keyOf,
  parentOf,
  payloadOf,
  queueJobId,
  RUN,
  stagesAfter,
  stageSettings,
} from '../../src/queues/index.ts';

const queues = {
  ...loadConfig({ env: {} }).config.queues,
  backoffMs: 100,
  backoffMaxMs: 1000,
  backoffJitter: 0.5,
};

describe('the declaration of a run', () => {
  it('leads from the first stage through the training to the last', () => {
    expect(RUN.names.map((stage) => stagesAfter(RUN, stage))).toEqual([
      ['version-data'],
      ['train-model'],
      ['register-model'],
      ['summarize-run'],
      [],
    ]);
  });

  it('makes its candidates the children of the stage after them', () => {
    const parents = RUN.names.flatMap((stage) => parentOf(RUN, stage) ?? []);
    expect([parents, parentOf(RUN, 'train-model')]).toEqual([['register-model'], 'register-model']);
    expect(childrenOf(RUN, 'register-model')).toBe('train-model');
  });

  it('names a job after its run, its stage and its candidate', () => {
    const work = { ownerId: '20261123-231501-k3v9qa', stage: 'version-data', part: '' };
    expect(queueJobId(work)).toBe('20261123-231501-k3v9qa.version-data');
    expect(queueJobId({ ownerId: 'r', stage: 'train-model', part: 'head' })).toBe('r.train-model.head');
  });

  it.each(['', 'A', 'a.b', 'a:b', '../a', 'a b'])('refuses the run id %j in a payload', (runId) => {
    expect(RUN.payload.single.safeParse({ runId }).success).toBe(false);
  });
});

describe('a declaration', () => {
  it('says the shards of a job by their numbers, which its payloads keep as numbers', () => {
    const work = { ownerId: 'a-1', stage: 'predict-shard', part: '0' };
    expect(queueJobId({ ownerId: 'a-1', stage: 'split-catalogue', part: '' })).toBe('a-1.split-catalogue');
    expect(queueJobId(work)).toBe('a-1.predict-shard.0');
    expect(payloadOf(JOB, work)).toEqual({ jobId: 'a-1', shard: 0 });
    expect(keyOf(JOB, 'predict-shard', { jobId: 'a-1', shard: 0 })).toEqual(work);
    expect(parentOf(JOB, 'predict-shard')).toBeUndefined();
  });

  it('gives a stage its timeout, attempts and concurrency, and the configuration overrides them', () => {
    expect(stageSettings(RUN, 'train-model', queues)).toEqual({
      timeoutMs: declarationOf(RUN, 'train-model').timeoutMs,
      attempts: 3,
      concurrency: 1,
    });
    const changed = { timeoutsMs: { 'train-model': 5 }, attempts: 7, concurrency: { 'train-model': 2 } };
    expect(stageSettings(RUN, 'train-model', changed)).toEqual({
      timeoutMs: 5,
      attempts: 7,
      concurrency: 2,
    });
  });

  it('is refused when a stage comes after one that is not listed before it', () => {
    const stage = { result: z.object({}), timeoutMs: 1 };
    expect(() =>
      defineFlow({
        ...RUN,
        stages: { late: { ...stage, after: ['early'] }, early: { ...stage, after: [] } },
      }),
    ).toThrow('late comes after early');
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
