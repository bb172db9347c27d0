import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/core/config/index.ts';
import type { StageStatus } from '../../src/db/index.ts';
import { decideRepair, type JobPlace, type Repair } from '../../src/workers/reconcile-decision.ts';

interface Situation {
  statuses?: Partial<Record<string, StageStatus>>;
  jobs?: Partial<Record<string, JobPlace>>;
  wasEnqueued?: boolean;
  candidates?: string[];
}

/** Keys are `stage` or `train-model.candidate`; a job that is not named is unknown to its queue. */
const decide = async ({
  statuses = {},
  jobs = {},
  wasEnqueued = true,
  candidates = ['a', 'b'],
}: Situation): Promise<Repair> => {
  const key = (stage: Stage, candidate?: string): string =>
    candidate === undefined ? stage : `${stage}.${candidate}`;
  return await decideRepair({
    wasEnqueued,
    candidates,
    statusOf: (stage, candidate) => statuses[key(stage, candidate)],
    jobOf: (stage, candidate) => Promise.resolve(jobs[key(stage, candidate)] ?? 'unknown'),
  });
};

const versioned = { 'generate-data': 'succeeded', 'version-data': 'succeeded' } as const;
const trained = { ...versioned, 'train-model.a': 'succeeded', 'train-model.b': 'failed' } as const;

describe('the reconciler', () => {
  const cases: [string, Situation, Repair][] = [
    ['leaves a run alone whose job waits', { jobs: { 'generate-data': 'waiting' } }, { kind: 'nothing' }],
    [
      'leaves a run alone whose job waits for its next attempt',
      { statuses: { 'generate-data': 'retrying' }, jobs: { 'generate-data': 'delayed' } },
      { kind: 'nothing' },
    ],
    [
      'adds the first job when the starter died before it did',
      { wasEnqueued: false },
      { kind: 'enqueue', stage: 'generate-data' },
    ],
    [
      'closes a run whose first job was added and is gone',
      {},
      { kind: 'close', stage: 'generate-data', reason: 'the job of generate-data is gone from its queue' },
    ],
    [
      'adds the next job when a worker died between commit and hand-over',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'active' } },
      { kind: 'enqueue', stage: 'version-data' },
    ],
    [
      'adds the next job when handing over used up the attempts of the one before',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'failed' } },
      { kind: 'enqueue', stage: 'version-data' },
    ],
    [
      'closes a run whose next job was added and is gone',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'completed' } },
      { kind: 'close', stage: 'version-data', reason: 'the job of version-data is gone from its queue' },
    ],
    [
      'closes a run whose begun job is gone',
      {
        statuses: { 'generate-data': 'succeeded', 'version-data': 'running' },
        jobs: { 'generate-data': 'active' },
      },
      { kind: 'close', stage: 'version-data', reason: 'the job of version-data is gone from its queue' },
    ],
    [
      'closes a run whose job was lost too often',
      { statuses: { 'generate-data': 'running' }, jobs: { 'generate-data': 'failed' } },
      {
        kind: 'close',
        stage: 'generate-data',
        reason: 'the job of generate-data has used up its attempts',
      },
    ],
    [
      'runs a job again that completed without a result (bullmq #4814)',
      { statuses: { 'generate-data': 'retrying' }, jobs: { 'generate-data': 'completed' } },
      { kind: 'requeue', stage: 'generate-data' },
    ],
    [
      'adds the whole flow when a worker died before it did',
      { statuses: versioned, jobs: { 'version-data': 'active' } },
      { kind: 'enqueue-training' },
    ],
    [
      'closes a run whose flow was deleted',
      { statuses: versioned, jobs: { 'version-data': 'completed' } },
      {
        kind: 'close',
        stage: 'register-model',
        reason: 'the jobs of the training are gone from their queues',
      },
    ],
    [
      'waits for candidates that are on their way',
      {
        statuses: versioned,
        jobs: {
          'register-model': 'waiting-children',
          'train-model.a': 'active',
          'train-model.b': 'waiting',
        },
      },
      { kind: 'nothing' },
    ],
    [
      'fails the candidates alone whose jobs can bring no result any more',
      {
        statuses: { ...versioned, 'train-model.a': 'running' },
        jobs: { 'register-model': 'waiting-children', 'train-model.a': 'failed' },
      },
      {
        kind: 'fail-candidates',
        candidates: [
          { candidate: 'a', reason: 'its job has used up its attempts' },
          { candidate: 'b', reason: 'its job is gone from the queue' },
        ],
      },
    ],
    [
      'frees a parent that waits though all its children have ended (bullmq #2464)',
      {
        statuses: trained,
        jobs: {
          'register-model': 'waiting-children',
          'train-model.a': 'completed',
          'train-model.b': 'failed',
        },
      },
      { kind: 'requeue', stage: 'register-model' },
    ],
    [
      'waits while the last child is being completed',
      {
        statuses: trained,
        jobs: {
          'register-model': 'waiting-children',
          'train-model.a': 'active',
          'train-model.b': 'failed',
        },
      },
      { kind: 'nothing' },
    ],
    [
      'closes a run whose stage has failed in PostgreSQL',
      { statuses: { 'generate-data': 'failed' }, jobs: { 'generate-data': 'failed' } },
      { kind: 'close', stage: 'generate-data', reason: 'generate-data has failed' },
    ],
  ];

  it.each(cases)('%s', async (_title, situation, repair) => {
    expect(await decide(situation)).toEqual(repair);
  });
});
