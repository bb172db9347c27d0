import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/core/paths.ts';
import type { Server } from '../../src/server/index.ts';
import { checkOpenInference } from '../clients/open-inference-conformance.ts';
import { openServingHarness, postJson, type ServerHarness } from './server-harness.ts';

let folder: string;
let harness: ServerHarness;
let server: Server;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-models-'));
  ({ harness, server } = await openServingHarness(folder, { server: { maxBatchItems: 10 } }));
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const text = 'Lamp a lovely bright lamp';
const status = async (route: string): Promise<number> => (await fetch(`${server.url}${route}`)).status;
const ownScore = async (): Promise<number> => {
  const { body } = await postJson(`${server.url}/predict`, {
    title: 'Lamp',
    description: 'a lovely bright lamp',
    count: 1,
  });
  return (body['data'] as { confidence_score: number }).confidence_score;
};

function canImport(python: string, module: string): boolean {
  return spawnSync(python, ['-c', `import ${module}`]).status === 0;
}

describe('the Open Inference Protocol', () => {
  it('is kept, rule by rule, as its text says', async () => {
    const verdicts = await checkOpenInference(server.url, 'copy-quality');
    expect(verdicts.length).toBeGreaterThan(25);
    expect(verdicts.filter(({ fault }) => fault !== undefined)).toEqual([]);
  });

  const infer = (body: unknown, route = '/v2/models/copy-quality/infer') =>
    postJson(`${server.url}${route}`, body);
  const input = (data: unknown, shape: number[]) => ({ name: 'text', datatype: 'BYTES', shape, data });

  it('says by status alone what is live and ready', async () => {
    for (const route of [
      '/v2/health/live',
      '/v2/health/ready',
      '/v2/models/copy-quality/ready',
      '/v2/models/copy-quality/versions/1/ready',
    ]) {
      expect(await status(route)).toBe(200);
    }
    expect(await status('/v2/models/other/ready')).toBe(404);
    expect(await status('/v2/models/copy-quality/versions/9/ready')).toBe(404);
  });

  it('describes the server and the model', async () => {
    expect(await (await fetch(`${server.url}/v2`)).json()).toMatchObject({
      name: 'copyloop',
      extensions: expect.any(Array),
    });
    expect(await (await fetch(`${server.url}/v2/models/copy-quality`)).json()).toMatchObject({
      name: 'copy-quality',
      versions: ['1'],
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    });
  });

  it('scores flat and nested data alike, echoes the id and gives the outputs asked for', async () => {
    const flat = await infer({ id: 'abc', inputs: [input([text, 'broken'], [2])] });
    expect(flat).toMatchObject({
      status: 200,
      body: {
        id: 'abc',
        model_name: 'copy-quality',
        model_version: '1',
        outputs: [
          { name: 'probability', datatype: 'FP64', shape: [2] },
          { name: 'label', datatype: 'BYTES', shape: [2] },
        ],
      },
    });
    const [output] = flat.body['outputs'] as { data: number[] }[];
    expect(output?.data[0]).toBeCloseTo(await ownScore(), 1);
    const nested = await infer(
      { inputs: [input([[text], ['broken']], [2, 1])], outputs: [{ name: 'label' }] },
      '/v2/models/copy-quality/versions/1/infer',
    );
    expect(nested.body['outputs']).toMatchObject([{ name: 'label', shape: [2] }]);
    expect(nested.body).not.toHaveProperty('id');
  });

  it.each([
    ['no input', { inputs: [] }],
    ['another name', { inputs: [{ ...input([text], [1]), name: 'words' }] }],
    ['another datatype', { inputs: [{ ...input([text], [1]), datatype: 'FP32' }] }],
    ['a shape that does not fit', { inputs: [input([text], [2])] }],
    ['a shape of three dimensions', { inputs: [input([text], [1, 1, 1])] }],
    ['a number for text', { inputs: [input([5], [1])] }],
    ['too many texts', { inputs: [input(Array(11).fill(text), [11])] }],
    ['an unknown output', { inputs: [input([text], [1])], outputs: [{ name: 'mood' }] }],
    ['a timeout of nothing', { inputs: [input([text], [1])], parameters: { timeout: 0 } }],
    ['malformed JSON', '{'],
  ])('refuses %s with {error}', async (_name, body) => {
    const answer = await infer(body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body)).toEqual(['error']);
  });
});

describe("Triton's own Python client", () => {
  // CI installs it beside MLflow's client; the benches' environment has it as well.
  const python = ['clients-venv', 'bench-venv']
    .map((name) => path.join(packageRoot, 'var', name, 'bin', 'python'))
    .find((file) => existsSync(file) && canImport(file, 'tritonclient.http'));
  it.skipIf(python === undefined && process.env['CI'] === undefined)(
    'gets a correct answer, in JSON and with binary tensors',
    async () => {
      expect(python).toBeDefined();
      const script = path.join(packageRoot, 'test', 'clients', 'triton_client.py');
      const run = promisify(execFile);
      const { stdout } = await run(python ?? '', [
        script,
        new URL(server.url).host,
        'copy-quality',
        String(await ownScore()),
      ]);
      expect(stdout.trim()).toBe('ok');
    },
  );
});

describe("TEI's classification", () => {
  const predict = (body: unknown) => postJson(`${server.url}/tei/predict`, body);

  it('answers one text with its labels, the likelier first, and tells its times', async () => {
    const { status: code, body, headers } = await predict({ inputs: text });
    expect(code).toBe(200);
    const answer = body as unknown as { score: number; label: string }[];
    expect(answer.map(({ score }) => score).reduce((sum, score) => sum + score)).toBeCloseTo(1);
    expect(answer[0]?.score).toBeGreaterThanOrEqual(answer[1]?.score ?? 1);
    for (const name of [
      'x-compute-tokens',
      'x-compute-characters',
      'x-total-time',
      'x-tokenization-time',
      'x-queue-time',
      'x-inference-time',
    ]) {
      expect(headers.get(name)).toMatch(/^\d+$/);
    }
  });

  it('answers a list with a list', async () => {
    const { body } = await predict({ inputs: [text, ['broken']], raw_scores: true });
    expect(body).toHaveLength(2);
  });

  it("answers what it refuses with TEI's own error type", async () => {
    expect(await predict({ inputs: [] })).toMatchObject({ status: 422, body: { error_type: 'validation' } });
    expect(await predict({})).toMatchObject({ status: 422, body: { error_type: 'validation' } });
    expect(await predict({ inputs: [[text, text]] })).toMatchObject({ status: 422 });
  });
});

describe("MLflow's scoring server", () => {
  const invoke = (body: unknown, headers = {}) => postJson(`${server.url}/invocations`, body, headers);

  it('answers GET /ping', async () => {
    expect(await status('/ping')).toBe(200);
  });

  it.each([
    ['dataframe_split', { columns: ['title', 'description'], data: [['Lamp', 'a lovely bright lamp']] }],
    ['dataframe_records', [{ title: 'Lamp', description: 'a lovely bright lamp' }]],
    ['instances', [{ text }]],
    ['instances', [text]],
    ['inputs', { title: ['Lamp'], description: ['a lovely bright lamp'] }],
    ['inputs', text],
  ])('scores %s', async (form, value) => {
    const { status: code, body } = await invoke({ [form]: value });
    expect(code).toBe(200);
    const [score] = body['predictions'] as number[];
    expect(score).toBeCloseTo(await ownScore(), 1);
  });

  it.each([
    ['no form', {}],
    ['two forms', { inputs: text, instances: [text] }],
    ['unknown columns', { dataframe_records: [{ colour: 'red', size: 5 }] }],
    ['a number for text', { instances: [{ text: 5 }] }],
    ['no rows', { instances: [] }],
    ['too many rows', { instances: Array(11).fill(text) }],
    ['a row of more cells than columns', { dataframe_split: { columns: ['text'], data: [[text, 'x']] } }],
    ['a row of fewer', { dataframe_split: { columns: ['title', 'description'], data: [[text]] } }],
    ['a column twice', { dataframe_split: { columns: ['text', 'text'], data: [[text, 'x']] } }],
  ])("refuses %s with MLflow's error code", async (_name, body) => {
    expect(await invoke(body)).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    });
  });

  it('refuses a body that is not JSON as one of another type', async () => {
    expect(await invoke('a,b', { 'content-type': 'text/csv' })).toMatchObject({
      status: 415,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    });
  });
});
