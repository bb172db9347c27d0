import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { env, pipeline } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/core/paths.ts';
import {
  evaluateModel,
  openClassifier,
  readLabelledCsv,
  readManifest,
  readRecipe,
  readWeights,
  trainCandidate,
  verifyModelDirectory,
  writeWeights,
  type EpochMetrics,
  type RecipeOverrides,
  type TrainRequest,
  type TrainResult,
} from '../../../src/ml/index.ts';
import { writeTinyBase, writeTinyRows } from '../../../fixtures/tiny-base.ts';

let folder: string;
let shared: Pick<TrainRequest, 'trainFile' | 'validationFile' | 'base' | 'cacheDirectory' | 'threads'>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-train-'));
  shared = {
    trainFile: await writeTinyRows(path.join(folder, 'train.csv'), 160, 1),
    validationFile: await writeTinyRows(path.join(folder, 'validation.csv'), 60, 2),
    base: await writeTinyBase(path.join(folder, 'base')),
    cacheDirectory: path.join(folder, 'cache'),
    threads: 1,
  };
});
afterAll(() => rm(folder, { recursive: true }));

async function requestFor(
  name: string,
  recipe = 'head',
  overrides: RecipeOverrides = {},
): Promise<TrainRequest> {
  const settings = { maxLength: 16, batchSize: 16, ...overrides };
  return {
    ...shared,
    recipe: await readRecipe(path.join(packageRoot, 'config/recipes'), recipe, settings),
    seed: 7,
    outputDirectory: path.join(folder, name),
    workDirectory: path.join(folder, `${name}-work`),
  };
}

async function changeConfig(base: string, changes: Record<string, unknown>): Promise<void> {
  const file = path.join(base, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...config, ...changes }));
}

describe('a candidate of the head recipe', () => {
  let result: TrainResult;
  const heard: EpochMetrics[] = [];
  beforeAll(async () => {
    const request = await requestFor('head', 'head', { epochs: 12, learningRate: 0.01 });
    result = await trainCandidate(request, { onEpoch: (epoch) => heard.push(epoch) });
  });

  it('learns more than the majority class, and says so epoch by epoch', () => {
    expect(result.validation.accuracy).toBeGreaterThan(result.validation.majorityAccuracy + 0.1);
    expect(heard).toEqual(result.epochs);
    expect(heard.map(({ epoch }) => epoch)).toEqual(heard.map((_, index) => index + 1));
    expect(result.params).toMatchObject({ recipe: 'head', seed: 7, trainRows: 160, validationRows: 60 });
  });

  it('leaves a model directory and nothing else', async () => {
    expect(result.modelDirectory).toBe(path.join(folder, 'head'));
    const names = await readdir(result.modelDirectory, { recursive: true });
    expect(names.toSorted()).toEqual([
      'config.json',
      'copyloop.json',
      'model.safetensors',
      'onnx',
      'onnx/model.onnx',
      'onnx/model_quantized.onnx',
      'tokenizer.json',
      'tokenizer_config.json',
      'vocab.txt',
    ]);
    expect(existsSync(path.join(folder, 'head-work'))).toBe(false);
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('is proven by verifyModelDirectory and scored again as it was', async () => {
    const manifest = await verifyModelDirectory(result.modelDirectory);
    expect(manifest).toMatchObject({
      seed: 7,
      temperature: result.temperature,
      servePrecision: result.servePrecision,
    });
    const { metrics } = await evaluateModel(
      result.modelDirectory,
      await readLabelledCsv(shared.validationFile),
    );
    // Calibration was folded into the classifier after these rows had judged it: rounding apart, it is the
    // same model.
    expect(metrics).toMatchObject({ accuracy: result.validation.accuracy, rows: 60 });
    expect(metrics.logLoss).toBeCloseTo(result.validation.logLoss, 5);
  });

  it('scores the same in transformers.js, in both precisions', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = folder;
    const texts = ['the lamp is superb and sturdy', 'torn', 'a very cheap shirt with broken chairs .'];
    for (const [dtype, precision] of [
      ['fp32', 'fp32'],
      ['q8', 'int8'],
    ] as const) {
      const theirs = await pipeline('text-classification', 'head', { dtype });
      const ours = await openClassifier(result.modelDirectory, { precision });
      for (const text of texts) {
        const answers = (await theirs(text, { top_k: 2 })) as { label: string; score: number }[];
        const [score] = await ours.score([text]);
        expect(answers.find(({ label }) => label === 'HIGH_QUALITY')?.score).toBeCloseTo(score as number, 4);
      }
      await ours.close();
      await theirs.dispose();
    }
  });

  it('is the same to the last bit when trained again with the same seed, and another with another', async () => {
    const settings = { epochs: 3, learningRate: 0.01 };
    const first = await trainCandidate(await requestFor('again-1', 'head', settings));
    const second = await trainCandidate(await requestFor('again-2', 'head', settings));
    const other = await trainCandidate({ ...(await requestFor('again-3', 'head', settings)), seed: 8 });
    expect(second.provenance.weightsSha256).toBe(first.provenance.weightsSha256);
    expect(other.provenance.weightsSha256).not.toBe(first.provenance.weightsSha256);
  });

  it('is written without what the base holds beside its encoder', async () => {
    const settings = { epochs: 1 };
    const plain = await trainCandidate(await requestFor('plain', 'head', settings));
    const base = await writeTinyBase(path.join(folder, 'base-with-more'));
    const file = path.join(base, 'model.safetensors');
    const weights = await readWeights(file);
    const foreign = { dtype: 'F32', shape: [2], data: Float32Array.from([1, 2]) } as const;
    for (const name of ['pooler.dense.weight', 'vocab_transform.bias', 'qa_outputs.bias'])
      weights.set(name, foreign);
    await writeWeights(file, weights);
    const rich = await trainCandidate({ ...(await requestFor('rich', 'head', settings)), base });
    expect(rich.provenance.weightsSha256).toBe(plain.provenance.weightsSha256);
    const names = [plain, rich].map(async ({ modelDirectory }) => [
      ...(await readWeights(path.join(modelDirectory, 'model.safetensors'))).keys(),
    ]);
    expect(await names[1]).toEqual(await names[0]);
  });

  it('never overwrites what lies at its place, and says so before it trains', async () => {
    const request = await requestFor('head', 'head', { epochs: 1 });
    const trained: EpochMetrics[] = [];
    await expect(trainCandidate(request, { onEpoch: (epoch) => trained.push(epoch) })).rejects.toMatchObject({
      code: 'already-exists',
    });
    expect(trained).toEqual([]);
  });
});

describe('a candidate of the full recipe', () => {
  it('trains every weight through the same door', async () => {
    const result = await trainCandidate(
      await requestFor('full', 'full', { epochs: 12, learningRate: 0.01, earlyStoppingPatience: null }),
    );
    expect(result.validation.accuracy).toBeGreaterThan(result.validation.majorityAccuracy);
    expect(result.epochs).toHaveLength(12);
    expect(result.recipe).toMatchObject({ name: 'full', epochs: 12, learningRate: 0.01, refit: true });
    const manifest = await verifyModelDirectory(result.modelDirectory);
    expect(manifest.recipe.trainer).toBe('full');
  });

  it('takes the encoder alone of a base whose num_labels are three', async () => {
    const base = await writeTinyBase(path.join(folder, 'base-of-three'));
    await changeConfig(base, { num_labels: 3 });
    const file = path.join(base, 'model.safetensors');
    const weights = await readWeights(file);
    weights.set('classifier.weight', { dtype: 'F32', shape: [3, 16], data: new Float32Array(48) });
    weights.set('classifier.bias', { dtype: 'F32', shape: [3], data: new Float32Array(3) });
    await writeWeights(file, weights);
    const settings = { epochs: 1, refit: false };
    const result = await trainCandidate({ ...(await requestFor('three', 'full', settings)), base });
    const { labels, ...classifier } = await openClassifier(result.modelDirectory);
    await classifier.close();
    expect(labels).toEqual(['LOW_QUALITY', 'HIGH_QUALITY']);
  });

  it('is judged by the validation rows before it learns from them as well', async () => {
    const settings = { epochs: 4, learningRate: 0.01, earlyStoppingPatience: null };
    const phases = new Set<string>();
    const refit = await trainCandidate(await requestFor('refit', 'full', settings), {
      onProgress: ({ phase }) => phases.add(phase),
    });
    const judged = await trainCandidate(await requestFor('judged', 'full', { ...settings, refit: false }));
    expect([...phases]).toEqual(['train', 'refit', 'export']);
    expect(refit.epochs.map(({ validation }) => validation)).toEqual(
      judged.epochs.map(({ validation }) => validation),
    );
    const { validation, temperature, servePrecision } = judged;
    expect(refit).toMatchObject({ validation, temperature, servePrecision });
    expect(refit.params).toMatchObject({ refitRows: 220, refitEpochs: judged.bestEpoch });
    expect(refit.provenance.weightsSha256).not.toBe(judged.provenance.weightsSha256);
    const manifests = await Promise.all([refit, judged].map((one) => readManifest(one.modelDirectory)));
    expect(manifests[0]?.validationAccuracy).toEqual(manifests[1]?.validationAccuracy);

    // The judged model scores these rows as it was judged; the other knows them by now.
    const rows = await readLabelledCsv(shared.validationFile);
    const again = await evaluateModel(judged.modelDirectory, rows);
    const known = await evaluateModel(refit.modelDirectory, rows);
    expect(again.metrics.logLoss).toBeCloseTo(validation.logLoss, 5);
    expect(known.metrics.logLoss).toBeLessThan(validation.logLoss);
  });

  it.each(['train', 'refit'] as const)(
    'resumes from the checkpoint of a process killed in phase %s and ends with the same weights',
    async (killIn) => {
      const settings = { epochs: 4, learningRate: 0.003, checkpointEverySteps: 2 };
      const undisturbed = await trainCandidate(await requestFor(`calm-${killIn}`, 'full', settings));
      const request = await requestFor(`killed-${killIn}`, 'full', settings);
      const aborter = new AbortController();
      const killed = trainCandidate(request, {
        signal: aborter.signal,
        killAfterMs: 0,
        onEpoch: ({ epoch }) => {
          if (killIn === 'train' && epoch === 2) aborter.abort();
        },
        onProgress: ({ phase, step }) => {
          if (killIn === 'refit' && phase === 'refit' && step !== undefined) aborter.abort();
        },
      });
      await expect(killed).rejects.toMatchObject({ code: 'cancelled' });
      expect(existsSync(request.outputDirectory)).toBe(false);
      expect(await readdir(request.workDirectory)).not.toEqual([]);
      const phases = new Set<string>();
      const resumed = await trainCandidate(request, { onProgress: ({ phase }) => phases.add(phase) });
      expect(phases.has('train')).toBe(killIn === 'train');
      expect(resumed.provenance.weightsSha256).toBe(undisturbed.provenance.weightsSha256);
      expect(resumed.epochs.map(({ validation }) => validation)).toEqual(
        undisturbed.epochs.map(({ validation }) => validation),
      );
    },
  );
});

describe('a training that cannot be', () => {
  it('is refused for rows of one label only', async () => {
    const trainFile = path.join(folder, 'one-label.csv');
    await writeFile(trainFile, 'title,description,label\na,lamp,1\nb,chair,1\n');
    await expect(trainCandidate({ ...(await requestFor('one')), trainFile })).rejects.toMatchObject({
      code: 'bad-data',
      message: /both labels are needed/,
    });
  });

  it('is refused for a base that is neither a directory nor a hub id', async () => {
    await expect(
      trainCandidate({ ...(await requestFor('nobase')), base: './nowhere' }),
    ).rejects.toMatchObject({
      code: 'not-found',
      message: /neither a directory with a config.json nor a hub id/,
    });
  });

  it('is refused at the start for a base with fewer positions than any recipe wants', async () => {
    const base = await writeTinyBase(path.join(folder, 'base-of-seven'));
    await changeConfig(base, { max_position_embeddings: 7 });
    const request = { ...(await requestFor('seven')), base };
    const phases = new Set<string>();
    await expect(
      trainCandidate(request, { onProgress: ({ phase }) => phases.add(phase) }),
    ).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/has 7 positions .* a training wants at least 8: give another base/),
    });
    expect([...phases]).toEqual([]);
    expect(existsSync(request.workDirectory)).toBe(false);
  });

  it.each(['killed at its export', 'started after one that was killed with its parent'])(
    'leaves no half-written model directory when %s',
    async (when) => {
      const name = `half-${when.length}`;
      const request = await requestFor(name);
      const half = path.join(folder, `${name}.a1b2c3d4.partial`);
      const others = path.join(folder, `${name}.other.a1b2c3d4.partial`);
      await mkdir(others);
      const aborter = new AbortController();
      const isKilled = when.startsWith('killed');
      if (!isKilled) await mkdir(half);
      const training = trainCandidate(request, {
        signal: aborter.signal,
        killAfterMs: 0,
        onProgress: ({ phase, fraction }) => {
          if (!isKilled || phase !== 'export' || fraction !== 0) return;
          // What a killed writer leaves; whether this one has begun its own yet is a matter of luck.
          mkdirSync(half, { recursive: true });
          aborter.abort();
        },
      });
      await (isKilled ? expect(training).rejects.toMatchObject({ code: 'cancelled' }) : training);
      const left = (await readdir(folder)).filter((entry) => entry.startsWith(`${name}.`));
      expect(left).toEqual([path.basename(others)]);
    },
  );

  it('stops at once when aborted before it began', async () => {
    await expect(
      trainCandidate(await requestFor('early'), { signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(path.join(folder, 'early-work'))).toBe(false);
  });
});

describe('verifyModelDirectory', () => {
  let directory: string;
  let original: Map<string, Buffer>;
  beforeAll(async () => {
    directory = (await trainCandidate(await requestFor('verified', 'head', { epochs: 1 }))).modelDirectory;
    const names = ['config.json', 'copyloop.json', 'model.safetensors', 'onnx/model.onnx', 'tokenizer.json'];
    const contents = await Promise.all(names.map((name) => readFile(path.join(directory, name))));
    original = new Map(names.map((name, index) => [name, contents[index] as Buffer]));
  });

  const spoiled: [what: string, name: string, change: (content: Buffer) => Buffer | null, message: RegExp][] =
    [
      ['a missing file', 'model.safetensors', () => null, /model.safetensors is missing/],
      ['a cut file', 'onnx/model.onnx', (content) => content.subarray(0, 1000), /has 1000 bytes instead of/],
      ['a changed byte', 'onnx/model.onnx', (content) => flip(content), /has the sha256/],
      ['no manifest', 'copyloop.json', () => null, /has no copyloop.json/],
      ['a malformed manifest', 'copyloop.json', () => Buffer.from('{}'), /copyloop.json is malformed/],
      [
        'probes that score otherwise',
        'copyloop.json',
        (content) =>
          Buffer.from(
            content.toString().replace(/"fp32": 0\.\d+,\n {6}"int8"/, '"fp32": 0.999,\n      "int8"'),
          ),
        /scores the probe/,
      ],
    ];
  it.each(spoiled)('refuses a directory with %s', async (_what, name, change, message) => {
    const content = original.get(name) as Buffer;
    const changed = change(Buffer.from(content));
    const file = path.join(directory, name);
    await (changed === null ? rm(file) : writeFile(file, changed));
    try {
      await expect(verifyModelDirectory(directory)).rejects.toMatchObject({ code: 'bad-model', message });
    } finally {
      await writeFile(file, content);
    }
    await expect(verifyModelDirectory(directory)).resolves.toMatchObject({ format: 1 });
  });

  it('is needed only for our own directories: a base without copyloop.json has no manifest', async () => {
    expect(await readManifest(shared.base)).toBeUndefined();
  });
});

function flip(content: Buffer): Buffer {
  const middle = content.length >> 1;
  content[middle] = (content[middle] ?? 0) ^ 1;
  return content;
}
