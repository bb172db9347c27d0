import { describe, expect, it } from 'vitest';
import { renderRunsPage } from '../../../src/server/mlflow/fast-render.ts';
import { run } from '../../../src/mlflow/messages.ts';
import type { Run } from '../../../src/tracking/index.ts';

const bare: Run = {
  runId: 'a',
  experimentId: '1',
  name: 'quote " and \\ and \u2028',
  userId: '',
  status: 'RUNNING',
  startTimeMs: 5,
  endTimeMs: null,
  artifactUri: 'mlflow-artifacts:/1/a/artifacts',
  lifecycleStage: 'active',
  metrics: [],
  params: {},
  tags: {},
  datasetInputs: [],
  modelInputs: [],
  modelOutputs: [],
};
const full: Run = {
  ...bare,
  endTimeMs: 7,
  metrics: [
    { key: 'a "metric"', value: Number.NaN, timestampMs: 1, step: 2 },
    { key: 'loss', value: Number.NEGATIVE_INFINITY, timestampMs: 1, step: -3 },
    { key: 'loss/2', value: 1e-300, timestampMs: 2 ** 52, step: 0 },
  ],
  params: Object.fromEntries([
    ['__proto__', 'a\nb'],
    ['p', '"'],
    ['empty', ''],
  ]),
  tags: { 'mlflow.runName': 'x', p: '\ud83d\ude00' },
  datasetInputs: [
    {
      dataset: { name: 'd', digest: '1', sourceType: 'local', source: '{}', schema: '{}' },
      tags: { 'mlflow.data.context': 'training' },
    },
  ],
  modelInputs: ['m-1'],
  modelOutputs: [{ modelId: 'm-2', step: 4 }],
};

describe('a page of runs as text', () => {
  it('reads as the same message that is rendered of each run', () => {
    const text = renderRunsPage([bare, full, full], 'next');
    expect(JSON.parse(text)).toEqual(
      JSON.parse(JSON.stringify({ runs: [bare, full, full].map(run.render), next_page_token: 'next' })),
    );
  });

  it('leaves out what is not there, as MLflow does', () => {
    expect(renderRunsPage([], undefined)).toBe('{}');
  });
});
