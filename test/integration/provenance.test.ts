/**
 * What a training leaves on record, and that the record is enough to make the same model again. On a base
 * small enough to train in a moment.
 */
import { cp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { getDatasetVersion } from '../../src/data/index.ts';
import {
  openClassifier,
  readWeights,
  verifyModelDirectory,
  writeWeights,
  type Provenance,
} from '../../src/ml/index.ts';
import { openPredictionStore, type PredictionStore } from '../../src/server/predictions/index.ts';
import {
  readPredictionReceipt,
  readVersionReceipt,
  renderReceipt,
  type Receipt,
} from '../../src/server/receipts/index.ts';
import { createReceiptRoutes } from '../../src/server/routes/receipts.ts';
import { createMlflowApp } from '../../src/server/mlflow/index.ts';
import {
  artifactKeyOf,
  createPostgresTrackingStore,
  createSendRules,
  createWebhookStore,
  deleteRunForGood,
  PROVENANCE_TAG,
  type Run,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import {
  createRunHandlers,
  exportVersion,
  verifyVersion,
  type Verification,
  type VerifyRequest,
} from '../../src/workers/index.ts';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';
import { openHarness, type Harness } from './pipeline-harness.ts';

const MODEL = 'rebuilt';
const VERSIONS = { head: 1, full: 2 };
const settings = { maxLength: 16, batchSize: 64, epochs: 3 };

let harness: Harness;
let tracking: TrackingStore;
let base: string;
let runs: { head: Run; full: Run };
let runId: string;

beforeAll(async () => {
  harness = await openHarness('postgres');
  tracking = createPostgresTrackingStore(harness.database.db);
  base = await writeTinyBase(path.join(harness.config.storage.varDir, 'base'));
  harness.config.model = { ...harness.config.model, base };
  await harness.openWorkers(createRunHandlers({ tracking }));
  const started = await harness.runs.startRun({
    trigger: 'manual',
    request: {
      source: { kind: 'synthetic', count: 400, seed: 3 },
      candidates: [
        { name: 'head', recipe: 'head', seed: 7, settings },
        { name: 'full', recipe: 'full', seed: 7, settings },
      ],
    },
  });
  ({ runId } = started);
  const run = await harness.untilEnded(runId);
  expect(run.error).toBeNull();
  await tracking.registry.createModel({ name: MODEL });
  runs = { head: await register('head'), full: await register('full') };
}, 300_000);
afterAll(() => harness.close());

/** Whatever the gate said: both recipes must be reproducible. */
async function register(candidate: string): Promise<Run> {
  const experimentId = await tracking.experiments.ensure(harness.config.model.experiment);
  const { items } = await tracking.runs.search({
    experimentIds: [experimentId],
    filter: `tags.\`copyloop.candidate\` = '${candidate}'`,
  });
  const [run] = items;
  if (run === undefined) throw new Error(`${candidate} left no tracking run`);
  await tracking.registry.createVersion({
    name: MODEL,
    source: `${run.artifactUri}/model`,
    runId: run.runId,
  });
  return run;
}

async function verify(
  candidate: 'head' | 'full',
  change: Partial<VerifyRequest> = {},
): Promise<Verification> {
  return await verifyVersion(
    { name: MODEL, version: VERSIONS[candidate], ...change },
    {
      services: harness.services,
      tracking,
      signal: new AbortController().signal,
      onPhase: () => {},
      training: { log: createSilentLogger() },
    },
  );
}

/** Overwrites an artifact while `body` runs. */
async function withArtifact(key: string, content: string | null, body: () => Promise<void>): Promise<void> {
  const { artifacts } = harness.services;
  const kept = path.join(harness.config.storage.varDir, 'kept');
  await artifacts.fetchFile(key, kept);
  if (content === null) await artifacts.deletePrefix(path.posix.dirname(key));
  else await artifacts.put(key, content);
  try {
    await body();
  } finally {
    await artifacts.putFile(key, kept);
    await rm(kept);
  }
}

async function withRecord(record: Provenance, body: () => Promise<void>): Promise<void> {
  const { runId: trackingRunId, tags } = runs.head;
  const write = (value: string) =>
    tracking.runs.logBatch(trackingRunId, { tags: [{ key: PROVENANCE_TAG, value }] });
  await write(JSON.stringify(record));
  try {
    await body();
  } finally {
    await write(tags[PROVENANCE_TAG] ?? '');
  }
}

const recordOf = (run: Run): Provenance => JSON.parse(run.tags[PROVENANCE_TAG] ?? '') as Provenance;

describe('a training', () => {
  it('leaves a record of everything that its weights follow from', async () => {
    const version = await getDatasetVersion(harness.database.db, 1);
    for (const [candidate, backend] of [
      ['head', expect.stringMatching(/^tfjs-/)],
      ['full', 'onnxruntime-node'],
    ] as const) {
      expect(recordOf(runs[candidate])).toMatchObject({
        dataset: { version: 1, digest: version.digest },
        files: { train: version.manifest.splits.train.sha256 },
        recipe: { name: candidate, epochs: 3, learningRate: expect.any(Number) },
        seed: 7,
        base: { name: base, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        code: { buildSha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        runtime: { backend, node: process.versions.node, onnxruntime: '1.30.0' },
        machine: { platform: `${process.platform}-${process.arch}`, cpu: expect.any(String) },
        weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
  });

  it.each(['head', 'full'] as const)('of %s can be repeated to the last bit', async (candidate) => {
    const found = await verify(candidate);
    expect(found).toMatchObject({ verdict: 'equal', applied: 'weights', changedConditions: [] });
    expect(found.weights.rebuilt).toBe(recordOf(runs[candidate]).weightsSha256);
  });

  it('is repeated with another thread count when asked, and says that this differs', async () => {
    const { threads } = recordOf(runs.full);
    const found = await verify('full', { threads: threads + 1 });
    expect(found.changedConditions).toEqual([
      { condition: 'threads', recorded: String(threads), here: String(threads + 1) },
    ]);
    expect(['equal', 'within-tolerance']).toContain(found.verdict);
  });
});

describe('verifying', () => {
  it('finds a dataset file that was changed, or is gone', async () => {
    const { splits } = (await getDatasetVersion(harness.database.db, 1)).manifest;
    await withArtifact(splits.train.key, 'title,description,label\na,b,1\n', async () => {
      await expect(verify('head')).rejects.toMatchObject({
        code: 'bad-data',
        message: expect.stringContaining(`${splits.train.key} was changed`),
      });
    });
    await withArtifact(splits.holdout.key, null, async () => {
      await expect(verify('head')).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining(splits.holdout.key),
      });
    });
  });

  it('finds a model file that was changed', async () => {
    const key = artifactKeyOf(runs.head.artifactUri, 'model/model.safetensors');
    await withArtifact(key, 'other weights', async () => {
      await expect(verify('head')).rejects.toMatchObject({
        code: 'bad-model',
        message: expect.stringMatching(/model\.safetensors has \d+ bytes instead of/),
      });
    });
  });

  it('finds a seed that the two records tell differently', async () => {
    await withRecord({ ...recordOf(runs.head), seed: 8 }, async () => {
      await expect(verify('head')).rejects.toMatchObject({
        code: 'bad-model',
        message: expect.stringMatching(/disagree on seed: the tracking run \w+ says 8, copyloop.json says 7/),
      });
    });
  });

  it('does not reproduce the weights of another seed, though every record claims it', async () => {
    const record = { ...recordOf(runs.head), seed: 8 };
    const key = artifactKeyOf(runs.head.artifactUri, 'model/copyloop.json');
    const manifest = JSON.parse(await harness.services.artifacts.readText(key)) as object;
    await withArtifact(key, JSON.stringify({ ...manifest, provenance: record }), () =>
      withRecord(record, async () => {
        const found = await verify('head');
        expect(found).toMatchObject({ verdict: 'different', applied: 'weights', changedConditions: [] });
        expect(found.largestScoreDifference).toBeGreaterThan(0);
      }),
    );
  });

  it('finds a base encoder that was changed or is gone, and takes it from where it is said to lie', async () => {
    const moved = `${base}-moved`;
    await rename(base, moved);
    await expect(verify('head')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('--base'),
    });
    expect((await verify('head', { base: moved })).verdict).toBe('equal');

    await cp(moved, base, { recursive: true });
    const file = path.join(base, 'model.safetensors');
    const weights = await readWeights(file);
    for (const { data } of weights.values()) data[0] = (data[0] ?? 0) + 1e-3;
    await writeWeights(file, weights);
    await expect(verify('head')).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(/base encoder .* has the hash \w{64}, the training began from \w{64}/),
    });
    await rm(base, { recursive: true });
    await rename(moved, base);
  });

  it('says what is not on record', async () => {
    await expect(verify('head', { version: 99 })).rejects.toMatchObject({ code: 'not-found' });
    const { version } = await tracking.registry.createVersion({
      name: MODEL,
      source: 'mlflow-artifacts:/0/x/artifacts/model',
    });
    await expect(verify('head', { version })).rejects.toThrow('names no tracking run');
  });

  it('leaves nothing behind', async () => {
    expect(await readdir(path.join(harness.config.storage.varDir, 'tmp'))).toEqual([]);
  });
});

describe("the tracking run of a training, as MLflow's clients read it", () => {
  const app = () =>
    createMlflowApp({
      tracking,
      artifacts: harness.services.artifacts,
      servedModel: MODEL,
      webhooks: {
        store: createWebhookStore(harness.database.db, systemClock, null),
        rules: createSendRules(harness.config),
      },
      callerOf: () => ({ name: 'test', isAdmin: true }),
    });
  const get = async (route: string): Promise<Record<string, unknown>> =>
    (await (await app().request(`/api/2.0/mlflow/${route}`)).json()) as Record<string, unknown>;

  it('has params, system tags, the source commit and inputs with digest and context', async () => {
    const { run } = (await get(`runs/get?run_id=${runs.full.runId}`)) as never as {
      run: {
        info: { status: string; user_id: string };
        data: { params: object[]; tags: { key: string; value: string }[] };
        inputs: { dataset_inputs: { tags: object[]; dataset: Record<string, string> }[] };
      };
    };
    expect(run.info).toMatchObject({ status: 'FINISHED', user_id: 'copyloop' });
    const tags = Object.fromEntries(run.data.tags.map(({ key, value }) => [key, value]));
    expect(tags).toMatchObject({
      'mlflow.runName': `full ${runId}`,
      'mlflow.user': 'copyloop',
      'mlflow.source.name': 'copyloop',
      'mlflow.source.type': 'JOB',
      'copyloop.dataset': '1',
      'copyloop.weights.sha256': recordOf(runs.full).weightsSha256,
    });
    expect(tags['mlflow.source.git.commit'] ?? null).toBe(recordOf(runs.full).code.commit);
    expect(run.data.params).toEqual(
      expect.arrayContaining([
        { key: 'recipe', value: 'full' },
        { key: 'seed', value: '7' },
        { key: 'base', value: base },
      ]),
    );
    const contexts = run.inputs.dataset_inputs.map((input) => input.tags);
    expect(contexts).toEqual(
      expect.arrayContaining([
        [{ key: 'mlflow.data.context', value: 'training' }],
        [{ key: 'mlflow.data.context', value: 'validation' }],
      ]),
    );
    for (const { dataset } of run.inputs.dataset_inputs) {
      expect(dataset['digest']?.length).toBeLessThanOrEqual(36);
      expect(JSON.parse(dataset['schema'] ?? '')).toMatchObject({ mlflow_colspec: expect.any(Array) });
      expect(JSON.parse(dataset['profile'] ?? '')).toMatchObject({ num_rows: expect.any(Number) });
    }
  });

  it.each(['head', 'full'] as const)('has a loss for every step of %s, once', async (candidate) => {
    const run = runs[candidate];
    const { refit_epochs: refitEpochs = 0, refit_rows: refitRows = 0, batch_size: batchSize } = run.params;
    // The steps of a refit are counted on from those of the training before it.
    const refitSteps = Number(refitEpochs) * Math.ceil(Number(refitRows) / Number(batchSize));
    const steps = Number(run.params['steps']) + refitSteps;
    for (const key of ['step_loss', 'learning_rate']) {
      const { metrics } = (await get(
        `metrics/get-history?run_id=${run.runId}&metric_key=${key}&max_results=25000`,
      )) as never as { metrics: { step: number | string }[] };
      expect(metrics.map(({ step }) => Number(step)).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: steps }, (_, index) => index + 1),
      );
    }
  });

  it('lists its artifacts, and its judged holdout as an input', async () => {
    const stored = JSON.parse(await harness.services.artifacts.readText(`runs/${runId}/comparison.json`)) as {
      trackingRunId: string;
    };
    const { files } = (await get(`artifacts/list?run_id=${stored.trackingRunId}`)) as never as {
      files: { path: string }[];
    };
    expect(files.map((file) => file.path)).toEqual(expect.arrayContaining(['gate', 'model']));
    const judged = await tracking.runs.get(stored.trackingRunId);
    expect(
      judged.datasetInputs.map(({ tags }) => tags['mlflow.data.context'] ?? '').toSorted(byText),
    ).toEqual(['holdout', 'training', 'validation']);
  });
});

describe('an export', () => {
  const deps = () => ({
    artifacts: harness.services.artifacts,
    registry: tracking.registry,
    signal: new AbortController().signal,
  });
  const at = (name: string): string => path.join(harness.config.storage.varDir, 'exported', name);

  it('is the registered model directory, with float16 weights by option', async () => {
    const [whole, half] = [at('whole'), at('half')];
    await exportVersion({ name: MODEL, version: 1, directory: whole, dtype: 'float32' }, deps());
    await tracking.registry.setAlias(MODEL, 'best', 1, { movedBy: 'admin', reason: 'test' });
    const found = await exportVersion(
      { name: MODEL, version: 'best', directory: half, dtype: 'float16' },
      deps(),
    );
    expect(found.version).toBe(1);

    expect(await verifyModelDirectory(whole)).toBeDefined();
    expect(await verifyModelDirectory(half)).toBeDefined();
    const [full, small] = [
      await readWeights(path.join(whole, 'model.safetensors')),
      await readWeights(path.join(half, 'model.safetensors')),
    ];
    expect([...small.keys()]).toEqual([...full.keys()]);
    for (const [name, { dtype, data }] of small) {
      expect(dtype).toBe('F16');
      data.forEach((value, index) => {
        const exact = full.get(name)?.data[index] ?? Number.NaN;
        expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -11 + 2 ** -25);
      });
    }
    const sizeOf = async (directory: string) => (await stat(path.join(directory, 'model.safetensors'))).size;
    expect(await sizeOf(half)).toBeLessThan((await sizeOf(whole)) * 0.7);
    expect(JSON.parse(await readFile(path.join(half, 'config.json'), 'utf8'))).toMatchObject({
      dtype: 'float16',
    });
    const classifier = await openClassifier(half);
    expect(await classifier.score(['a lovely lamp'])).toHaveLength(1);
    await classifier.close();
  });

  it('overwrites nothing, and leaves nothing where it fails', async () => {
    const request = { name: MODEL, dtype: 'float32' as const };
    await expect(
      exportVersion({ ...request, version: 1, directory: at('whole') }, deps()),
    ).rejects.toMatchObject({ code: 'already-exists' });
    await expect(
      exportVersion({ ...request, version: 'nobody', directory: at('none') }, deps()),
    ).rejects.toMatchObject({ code: 'not-found', message: 'model rebuilt has no alias "nobody"' });
    const weights = artifactKeyOf(runs.head.artifactUri, 'model/model.safetensors');
    await withArtifact(weights, 'garbage', async () => {
      await expect(
        exportVersion({ ...request, version: 1, directory: at('broken') }, deps()),
      ).rejects.toMatchObject({ code: 'bad-model' });
    });
    expect((await readdir(at('.'))).toSorted()).toEqual(['half', 'whole']);
  });
});

describe('a receipt', () => {
  const ID = '0123456789abcdef0123456789abcdef';
  const why = { movedBy: 'gate', reason: 'it won' };
  let judged: keyof typeof VERSIONS;
  let predictions: PredictionStore;
  const deps = () => ({
    db: harness.database.db,
    tracking,
    artifacts: harness.services.artifacts,
    config: { serving: { predictionSampleRate: 1 } },
  });
  const receiptOf = (id: string): Promise<Receipt> => readPredictionReceipt(id, deps());

  beforeAll(async () => {
    const stored = JSON.parse(await harness.services.artifacts.readText(`runs/${runId}/comparison.json`)) as {
      trackingRunId: string;
    };
    judged = stored.trackingRunId === runs.head.runId ? 'head' : 'full';
    predictions = openPredictionStore({
      db: harness.database.db,
      sampleRate: 1,
      unwrittenFolder: '/nowhere/predictions',
      retentionDays: 90,
      onStored: () => {},
      clock: systemClock,
      log: createSilentLogger(),
    });
    await tracking.registry.setAlias(MODEL, 'champion', VERSIONS[judged], why);
    await predict(ID);
    const other = VERSIONS[judged === 'head' ? 'full' : 'head'];
    await tracking.registry.setAlias(MODEL, 'champion', other, { movedBy: 'mia', reason: 'later' });
  });
  afterAll(() => predictions.close());

  async function predict(id: string, version = VERSIONS[judged]): Promise<void> {
    predictions.add({
      id,
      createdAt: new Date(),
      title: 'Lamp',
      description: 'a lovely lamp',
      request: {},
      responseJson: JSON.stringify({ data: {}, model: { name: MODEL, version, alias: 'champion' } }),
      copyText: 'A lovely lamp.',
      confidenceScore: 0.9,
      modelName: MODEL,
      modelVersion: version,
      writer: 'templates',
      requestId: 'r1',
    });
    await predictions.flush();
  }

  it('follows a prediction to version, run, dataset, gate and what started it, with the alias of that time', async () => {
    const routes = createReceiptRoutes({ ...deps(), predictions });
    const answer = await routes.request(`/predictions/${ID}/receipt`);
    expect(answer.status).toBe(200);
    const { receipt } = (await answer.json()) as { receipt: Receipt };
    const record = recordOf(runs[judged]);
    const dataset = await getDatasetVersion(harness.database.db, 1);
    expect(receipt).toMatchObject({
      prediction: { status: 'found', id: ID, served_as: 'champion', writer: 'templates' },
      model_version: {
        version: VERSIONS[judged],
        weights_sha256: record.weightsSha256,
        aliases: [{ alias: 'champion', moved_by: 'gate', reason: 'it won' }],
      },
      tracking_run: {
        run_id: runs[judged].runId,
        seed: 7,
        base_sha256: record.base.sha256,
        weights_sha256: record.weightsSha256,
      },
      dataset: {
        version: 1,
        digest: dataset.digest,
        splits: { holdout: { sha256: dataset.manifest.splits.holdout.sha256 } },
        parents: [],
      },
      gate: {
        decision: expect.any(String),
        reasons: expect.any(Array),
        challenger: { name: `candidate ${judged}` },
      },
      pipeline_run: { id: runId, trigger: 'manual', run_status: 'succeeded' },
    });
    const page = renderReceipt(receipt);
    for (const shown of [ID, record.weightsSha256, dataset.digest, runId, 'champion since', 'hand (manual)'])
      expect(page).toContain(shown);
    expect(page).not.toContain('MISSING');
  });

  it('is given of a model version as well, with the aliases of now', async () => {
    const receipt = await readVersionReceipt({ name: MODEL, version: VERSIONS[judged] }, deps());
    expect(receipt).toMatchObject({
      prediction: null,
      model_version: { aliases: [] },
      pipeline_run: { id: runId },
    });
    await expect(readVersionReceipt({ name: MODEL, version: 77 }, deps())).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('follows the dataset to its parents', async () => {
    await sql`INSERT INTO dataset_versions (version, run_id, parent_version, digest, key_prefix, row_count, manifest, created_at)
      SELECT 2, 'another-run', 1, digest, key_prefix || '-2', row_count, manifest, now() FROM dataset_versions WHERE version = 1`.execute(
      harness.database.db,
    );
    await tracking.registry.setVersionTag(MODEL, VERSIONS[judged], 'copyloop.dataset', '2');
    expect((await receiptOf(ID)).dataset).toMatchObject({
      version: 2,
      parents: [{ status: 'found', version: 1 }],
    });
    await tracking.registry.setVersionTag(MODEL, VERSIONS[judged], 'copyloop.dataset', '9');
    expect((await receiptOf(ID)).dataset).toMatchObject({ status: 'missing', cause: 'deleted' });
    await tracking.registry.setVersionTag(MODEL, VERSIONS[judged], 'copyloop.dataset', '1');
  });

  it('says that a prediction was not sampled, or that nothing is known of it', async () => {
    const unsampled = { ...deps(), config: { serving: { predictionSampleRate: 0.5 } } };
    await expect(readPredictionReceipt('f'.repeat(32), unsampled)).rejects.toMatchObject({
      code: 'not-found',
      details: { cause: 'not-sampled' },
    });
    await expect(receiptOf('f'.repeat(32))).rejects.toMatchObject({ details: { cause: 'unknown' } });
  });

  it('names an erased prediction, without its text, and goes on to the model', async () => {
    const id = 'e'.repeat(32);
    await predict(id);
    await predictions.erase(id);
    const receipt = await receiptOf(id);
    expect(receipt.prediction).toMatchObject({ status: 'missing', cause: 'erased' });
    expect(JSON.stringify(receipt)).not.toContain('lovely lamp');
    expect(receipt.model_version).toMatchObject({ status: 'found', version: VERSIONS[judged] });
    await expect(predictions.erase(id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('names a gate report, a tracking run and a version that were deleted', async () => {
    const { artifacts, database } = harness.services;
    await artifacts.deletePrefix(artifactKeyOf(runs[judged].artifactUri, 'gate'));
    expect((await receiptOf(ID)).gate).toMatchObject({ report_key: `runs/${runId}/comparison.json` });
    await artifacts.deletePrefix(`runs/${runId}`);
    expect((await receiptOf(ID)).gate).toMatchObject({ status: 'missing', cause: 'deleted' });

    await tracking.runs.delete(runs[judged].runId);
    expect((await receiptOf(ID)).tracking_run).toMatchObject({ status: 'found', is_deleted: true });
    // copyloop keeps a run that a version came from; whoever holds the database may still remove it.
    await expect(deleteRunForGood(database.db, artifacts, runs[judged].runId)).rejects.toMatchObject({
      code: 'conflict',
    });
    await database.db.deleteFrom('tracking_runs').where('run_id', '=', runs[judged].runId).execute();
    const receipt = await receiptOf(ID);
    expect(receipt.tracking_run).toMatchObject({ status: 'missing', cause: 'deleted' });
    expect(renderReceipt(receipt)).toContain('MISSING (deleted): tracking run');

    await tracking.registry.deleteVersion(MODEL, VERSIONS[judged]);
    expect(await receiptOf(ID)).toMatchObject({
      prediction: { status: 'found' },
      model_version: { status: 'missing', cause: 'deleted' },
      tracking_run: { status: 'missing' },
      dataset: { status: 'missing' },
    });
  });
});

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
