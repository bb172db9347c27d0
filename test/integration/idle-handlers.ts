/** Handlers that do no work and leave what the next stage needs. */
import type { StageResult } from '../../src/queues/index.ts';
import type { StageHandlers } from '../../src/workers/index.ts';

export const IDLE_RAW: StageResult<'generate-data'> = {
  source: 'none',
  rawKey: 'raw',
  rawSha256: '',
  accepted: 1,
  refused: 0,
  refusedKey: '',
  bayes: null,
};

const IDLE_REGISTERED: StageResult<'register-model'> = {
  decision: 'refuse',
  reasons: [],
  candidate: 'head',
  trackingRunId: 'r',
  modelName: 'm',
  modelVersion: null,
  comparisonKey: 'c',
  reportKey: 'r',
};

export const idleHandlers: StageHandlers = {
  'generate-data': () => Promise.resolve(IDLE_RAW),
  'version-data': () =>
    Promise.resolve({ datasetVersion: 1, digest: 'd', rows: { train: 1, validation: 1, holdout: 1 } }),
  'train-model': ({ candidate }) =>
    Promise.resolve({ trackingRunId: candidate, modelUri: candidate, validation: { accuracy: 0.5 } }),
  'register-model': () => Promise.resolve(IDLE_REGISTERED),
  'summarize-run': () => Promise.resolve({ summaryKey: 's', reportKey: 'r' }),
};
