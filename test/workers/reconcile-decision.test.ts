import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import type { StageStatus } from '../../src/db/index.ts';
import {
  JOB,
  resolvePredictOptions,
  resolveRunOptions,
  RUN,
  statusKey,
  type DueWork,
  type JobOwner,
  type WorkStatus,
} from '../../src/queues/index.ts';
import { decideRepairs, type JobPlace, type Repair } from '../../src/workers/upkeep/reconcile-decision.ts';

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
}: Situation): Promise<Repair[]> => {
  const { config } = loadConfig({ env: {} });
  const options = resolveRunOptions(
    config,
    { candidates: candidates.map((name) => ({ name, recipe: 'head' })) },
    false,
  );
  return await decideRepairs({
    flow: RUN,
    ownerId: 'r',
    owner: { id: 'r', number: 1, trigger: 'manual', options },
    wasEnqueued,
    losses,
    statuses: new Map(
      Object.entries(statuses).map(([key, status]) => [statusKey(...splitKey(key)), status as WorkStatus]),
    ),
    numbered: () => Promise.resolve([]),
    placeOf: ({ stage, part }) =>
      Promise.resolve(jobs[part === '' ? stage : `${stage}.${part}`] ?? 'unknown'),
  });
};

function splitKey(key: string): [string, string] {
  const [stage = '', part = ''] = key.split('.');
  return [stage, part];
}

const versioned = { 'generate-data': 'succeeded', 'version-data': 'succeeded' } as const;
const trained = { ...versioned, 'train-model.a': 'succeeded', 'train-model.b': 'failed' } as const;

const AGAIN =
  'gone from the queues again, after jobs of this run were brought back 5 times: find what empties the queues, then replay the run';

describe('the reconciler', () => {
  const cases: [string, Situation, Repair | undefined][] = [
    ['leaves a run alone whose job waits', { jobs: { 'generate-data': 'waiting' } }, undefined],
    [
      'leaves a run alone whose job waits for its next attempt',
      { statuses: { 'generate-data': 'retrying' }, jobs: { 'generate-data': 'delayed' } },
      undefined,
    ],
    [
      'adds the first job when the starter died before it did',
      { wasEnqueued: false },
      { kind: 'enqueue', stage: 'generate-data', part: '', isLoss: false },
    ],
    [
      'adds the first job again when it was added and is gone',
      {},
      { kind: 'enqueue', stage: 'generate-data', part: '', isLoss: true },
    ],
    [
      'adds the next job when a worker died between commit and hand-over',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'active' } },
      { kind: 'enqueue', stage: 'version-data', part: '', isLoss: false },
    ],
    [
      'adds the next job when handing over used up the attempts of the one before',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'failed' } },
      { kind: 'enqueue', stage: 'version-data', part: '', isLoss: false },
    ],
    [
      'adds the next job again when it was added and is gone',
      { statuses: { 'generate-data': 'succeeded' }, jobs: { 'generate-data': 'completed' } },
      { kind: 'enqueue', stage: 'version-data', part: '', isLoss: true },
    ],
    [
      'adds a begun job again that is gone',
      {
        statuses: { 'generate-data': 'succeeded', 'version-data': 'running' },
        jobs: { 'generate-data': 'active' },
      },
      { kind: 'enqueue', stage: 'version-data', part: '', isLoss: true },
    ],
    [
      'closes a run whose job was lost too often',
      { statuses: { 'generate-data': 'running' }, jobs: { 'generate-data': 'failed' } },
      {
        kind: 'close',
        stage: 'generate-data',
        part: '',
        reason: 'the job of generate-data has used up its attempts',
      },
    ],
    [
      'runs a job again that completed without a result (bullmq #4814)',
      { statuses: { 'generate-data': 'retrying' }, jobs: { 'generate-data': 'completed' } },
      { kind: 'requeue', stage: 'generate-data', part: '' },
    ],
    [
      'adds the whole flow when a worker died before it did',
      { statuses: versioned, jobs: { 'version-data': 'active' } },
      { kind: 'enqueue-fan-out', stage: 'train-model', isLoss: false },
    ],
    [
      'adds the whole flow again when it is gone, whatever its candidates had come to',
      { statuses: { ...trained, 'train-model.b': 'running' }, jobs: { 'version-data': 'completed' } },
      { kind: 'enqueue-fan-out', stage: 'train-model', isLoss: true },
    ],
    [
      'adds the current stage again when the queues have lost everything',
      { statuses: { ...trained, 'register-model': 'succeeded', 'summarize-run': 'running' } },
      { kind: 'enqueue', stage: 'summarize-run', part: '', isLoss: true },
    ],
    [
      'closes a run whose job was lost once more than five times',
      { statuses: { 'generate-data': 'running' }, losses: 5 },
      { kind: 'close', stage: 'generate-data', part: '', reason: `the job of generate-data is ${AGAIN}` },
    ],
    [
      'closes a run whose flow was lost once more than five times',
      { statuses: versioned, losses: 5 },
      { kind: 'close', stage: 'register-model', part: '', reason: `the jobs of train-model are ${AGAIN}` },
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
      undefined,
    ],
    [
      'fails the candidates alone whose jobs can bring no result any more',
      {
        statuses: { ...versioned, 'train-model.a': 'running' },
        jobs: { 'register-model': 'waiting-children', 'train-model.a': 'failed' },
      },
      {
        kind: 'fail-parts',
        stage: 'train-model',
        parts: [
          { part: 'a', reason: 'its job has used up its attempts' },
          { part: 'b', reason: 'its job is gone from the queue' },
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
      { kind: 'requeue', stage: 'register-model', part: '' },
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
      undefined,
    ],
    [
      'closes a run whose stage has failed in PostgreSQL',
      { statuses: { 'generate-data': 'failed' }, jobs: { 'generate-data': 'failed' } },
      { kind: 'close', stage: 'generate-data', part: '', reason: 'generate-data has failed' },
    ],
  ];

  it.each(cases)('%s', async (_title, situation, repair) => {
    expect(await decide(situation)).toEqual(repair === undefined ? [] : [repair]);
  });

  describe('of prediction jobs', () => {
    const options = resolvePredictOptions(loadConfig({ env: {} }).config, {});
    const owner: JobOwner = {
      id: 'j',
      source: { kind: 'artifact', key: 'k', name: 'n', format: null },
      options: { ...options, shardsInFlight: 2 },
      model: { name: 'm', version: 1 },
      shards: 4,
    };
    const decideJob = async (
      open: Record<string, WorkStatus>,
      jobs: Record<string, JobPlace>,
      losses = 0,
    ): Promise<Repair[]> =>
      await decideRepairs({
        flow: JOB,
        ownerId: 'j',
        owner,
        wasEnqueued: true,
        losses,
        statuses: new Map([[statusKey('split-catalogue'), 'succeeded' as const]]),
        numbered: (stage) =>
          Promise.resolve(
            Object.entries(open).map(([part, status]): DueWork => ({ ownerId: 'j', stage, part, status })),
          ),
        placeOf: ({ stage, part }) =>
          Promise.resolve(jobs[part === '' ? stage : `${stage}.${part}`] ?? 'unknown'),
      });
    const stage = 'predict-shard';

    it('adds the shards of a split that died before it enqueued them', async () => {
      expect(await decideJob({ 0: 'waiting', 1: 'waiting' }, { 'split-catalogue': 'active' })).toEqual([
        { kind: 'enqueue', stage, part: '0', isLoss: false },
        { kind: 'enqueue', stage, part: '1', isLoss: false },
      ]);
    });

    it('adds a shard again whose predecessor in the window had enqueued it', async () => {
      expect(await decideJob({ 3: 'waiting' }, { 'predict-shard.1': 'completed' })).toEqual([
        { kind: 'enqueue', stage, part: '3', isLoss: true },
      ]);
    });

    it('closes a job whose shards were lost more than five times', async () => {
      const [repair, ...others] = await decideJob({ 2: 'running', 3: 'running' }, {}, 5);
      expect(others).toEqual([]);
      expect(repair).toMatchObject({ kind: 'close', stage, part: '2' });
      expect(repair).toHaveProperty('reason', expect.stringContaining('then resume the job'));
    });

    it('frees a failed queue job whose shard waits since the job was resumed', async () => {
      expect(await decideJob({ 0: 'waiting' }, { 'predict-shard.0': 'failed' })).toEqual([
        { kind: 'requeue', stage, part: '0' },
      ]);
    });

    it('adds the join once no shard is left', async () => {
      expect(await decideJob({}, { 'split-catalogue': 'completed' })).toEqual([
        { kind: 'enqueue', stage: 'join-shards', part: '', isLoss: false },
      ]);
    });
  });
});
