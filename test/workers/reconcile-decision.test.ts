import { describe, expect, it } from 'vitest';
import type { Stage } from '../../src/core/config/index.ts';
import type { StageStatus } from '../../src/db/index.ts';
import { decideRepair, type JobPlace, type Repair } from '../../src/workers/upkeep/reconcile-decision.ts';

interface Situation {
  statuses?: Partial<Record<string, StageStatus>>;
  jobs?: Partial<Record<string, JobPlace>>;
  wasEnqueued?: boolean;
  losses?: number;
  candidates?: string[];
}

/** Keys are `stage` or `train-model.candidate`; a job that is not named is unknown to its queue. */
const decide = async ({
  statuses = {},
  jobs = {},
  wasEnqueued = true,
  losses = 0,
  candidates = ['a', 'b'],
}: Situation): Promise<Repair> => {
  const key = (stage: Stage, candidate?: string): string =>
    candidate === undefined ? stage : `${stage}.${candidate}`;
  return await decideRepair({
    wasEnqueued,
    losses,
    candidates,
    statusOf: (stage, candidate) => statuses[key(stage, candidate)],
    jobOf: (stage, candidate) => Promise.resolve(jobs[key(stage, candidate)] ?? 'unknown'),
  });
};

const versioned = { 'generate-data': 'succeeded', 'version-data': 'succeeded' } as const;
const trained = { ...versioned, 'train-model.a': 'succeeded', 'train-model.b': 'failed' } as const;

const AGAIN =
  'gone from the queues again, after jobs of this run were brought back 5 times: find what empties the queues, then replay the run';

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
      { kind: 'enqueue', stage: 'generate-data', isLoss: false },
    ],
    [
      'adds the first job again when it was added and is gone',
      {},
      { kind: 'enqueue', stage: 'generate-data', isLoss: true },
    ],
    [
      'adds the next job when a worker died between commit and hand-over',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'active' } },
      { kind: 'enqueue', stage: 'version-data', isLoss: false },
    ],
    [
      'adds the next job when handing over used up the attempts of the one before',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'failed' } },
      { kind: 'enqueue', stage: 'version-data', isLoss: false },
    ],
    [
      'adds the next job again when it was added and is gone',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'completed' } },
      { kind: 'enqueue', stage: 'version-data', isLoss: true },
    ],
    [
      'adds a begun job again that is gone',
      {
        statuses: { 'generate-data': 'succeeded', 'version-data': 'running' },
        jobs: { 'generate-data': 'active' },
      },
      { kind: 'enqueue', stage: 'version-data', isLoss: true },
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
      { kind: 'enqueue-training', isLoss: false },
    ],
    [
      'adds the whole flow again when it is gone, whatever its candidates had come to',
      { statuses: { ...trained, 'train-model.b': 'running' }, jobs: { 'version-data': 'completed' } },
      { kind: 'enqueue-training', isLoss: true },
    ],
    [
      'adds the current stage again when the queues have lost everything',
      { statuses: { ...trained, 'register-model': 'succeeded', 'summarize-run': 'running' } },
      { kind: 'enqueue', stage: 'summarize-run', isLoss: true },
    ],
    [
      'closes a run whose job was lost once more than five times',
      { statuses: { 'generate-data': 'running' }, losses: 5 },
      { kind: 'close', stage: 'generate-data', reason: `the job of generate-data is ${AGAIN}` },
    ],
    [
      'closes a run whose flow was lost once more than five times',
      { statuses: versioned, losses: 5 },
      { kind: 'close', stage: 'register-model', reason: `the jobs of the training are ${AGAIN}` },
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
