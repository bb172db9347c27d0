/** What a request means must not hang on whether it was read plainly or by the schema. */
import { describe, expect, it } from 'vitest';
import { createMlflowApp, type MlflowAppOptions } from '../../../src/server/mlflow/create-mlflow-app.ts';

function createRecorder() {
  const calls: unknown[] = [];
  const runs = {
    logBatch: (...given: unknown[]) => Promise.resolve(void calls.push(given)),
    create: (run: unknown) => {
      calls.push(run);
      return Promise.reject(new Error('recorded'));
    },
  };
  const app = createMlflowApp({ tracking: { runs }, servedModel: 'm' } as unknown as MlflowAppOptions);
  const send = async (
    path: string,
    body: object,
  ): Promise<{ status: number; text: string; calls: unknown[] }> => {
    calls.length = 0;
    const answer = await app.request(`/api/2.0/mlflow/runs/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, text: await answer.text(), calls: [...calls] };
  };
  return send;
}

const metric = { key: 'loss', value: 0.5, timestamp: 7, step: 3 };

describe('requests of a training', () => {
  // The second of each pair is formed so that only the schema reads it, and means the same.
  it.each([
    ['log-metric', { run_id: 'r', ...metric }, { run_id: 'r', ...metric, step: '3' }],
    [
      'log-metric',
      { run_uuid: 'r', key: 'k', value: -1e-9, timestamp: 1 },
      { run_id: 'r', key: 'k', value: -1e-9, timestamp: '1' },
    ],
    [
      'log-batch',
      {
        run_id: 'r',
        metrics: [metric, { ...metric, model_id: 'm-1', dataset_name: 'd', dataset_digest: '' }],
      },
      {
        run_id: 'r',
        metrics: [metric, { ...metric, model_id: 'm-1', dataset_name: 'd', dataset_digest: null }],
        tags: null,
      },
    ],
    [
      'log-batch',
      { run_id: 'r', params: [{ key: 'p', value: '1' }], tags: [{ key: 't', value: '' }], unknown: 1 },
      { run_id: 'r', params: [{ key: 'p', value: '1' }], tags: [{ key: 't', value: null }] },
    ],
    [
      'create',
      { experiment_id: '4', user_id: 'u', run_name: 'n', start_time: 5, tags: [{ key: 'a', value: 'b' }] },
      { experiment_id: 4, user_id: 'u', run_name: 'n', start_time: '5', tags: [{ key: 'a', value: 'b' }] },
    ],
  ])('%s means the same plainly and by the schema', async (path, plain, other) => {
    const send = createRecorder();
    const first = await send(path, plain);
    expect(first.calls).toHaveLength(1);
    expect((await send(path, other)).calls).toEqual(first.calls);
  });

  it.each([
    ['log-metric', { run_id: 'r', ...metric, value: 'x' }, 'Invalid value'],
    ['log-metric', { run_id: '', ...metric }, 'run_id'],
    ['log-metric', { run_id: 'r', ...metric, timestamp: 1.5 }, 'timestamp'],
    ['log-batch', { run_id: 'r', metrics: [metric, { ...metric, key: '' }] }, 'metrics[1].key'],
    ['log-batch', { run_id: 'r', metrics: { 0: metric } }, 'metrics'],
    ['log-batch', { run_id: 'r', params: [null] }, 'params[0]'],
    ['create', { experiment_id: '0', tags: [{ value: 'b' }] }, 'tags[0].key'],
  ])('%s is refused in the words of the schema', async (path, body, words) => {
    const { status, text, calls } = await createRecorder()(path, body);
    expect([status, calls]).toEqual([400, []]);
    expect(JSON.parse(text)).toMatchObject({ error_code: 'INVALID_PARAMETER_VALUE' });
    expect(text).toContain(words);
  });
});
