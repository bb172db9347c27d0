/**
 * The real pipeline, twice over the same files and seeds: tracked in PostgreSQL, then in a real `mlflow
 * server`. Both registries must end with the same decisions, versions, aliases, history and weights.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256File } from '../../src/core/ids.ts';
import type { RunRequest } from '../../src/queues/index.ts';
import { openModelCache } from '../../src/serving/index.ts';
import { allModelAccuracies, createTracking } from '../../src/tracking/index.ts';
import { createRunHandlers } from '../../src/workers/index.ts';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import {
  hasMlflow,
  mlflowProgram,
  skippedWithoutMlflow,
  startMlflow,
  type RealMlflow,
} from './mlflow-server.ts';
import { openHarness } from './pipeline-harness.ts';

const MODEL = 'copy-quality';
const PACE = /_per_second$|seconds_left$/;

describe.skipIf(!hasMlflow)(`the two tracking backends${skippedWithoutMlflow}`, () => {
  let mlflow: RealMlflow;
  let folder: string;
  let base: string;
  let rows: string;
  beforeAll(async () => {
    mlflow = await startMlflow();
    folder = await mkdtemp(path.join(tmpdir(), 'copyloop-backends-'));
    base = await writeTinyBase(path.join(folder, 'base'));
    rows = await writeTinyRows(path.join(folder, 'rows.csv'), 1500, 7);
  }, 120_000);
  afterAll(async () => {
    await mlflow.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A champion, the same again, a worse candidate, a better one, and a way back. */
  async function decideOn(uri: string | null) {
    const harness = await openHarness('postgres', { base });
    try {
      const { config, services, runs } = harness;
      const { tracking, artifacts } = createTracking(
        { storage: config.storage, tracking: { ...config.tracking, uri } },
        harness.database.db,
      );
      services.artifacts = artifacts;
      await harness.openWorkers(createRunHandlers({ tracking }));
      const decisions: unknown[] = [];
      const end = async (runId: string): Promise<void> => {
        const run = await harness.untilEnded(runId);
        expect([run.status, run.error]).toEqual(['succeeded', null]);
        const registered = run.stages.find(({ stage }) => stage === 'register-model')?.result;
        const { decision, reasons, candidate, modelVersion } = (registered ?? {}) as Record<string, unknown>;
        const validation = run.stages
          .filter(({ stage }) => stage === 'train-model')
          .map((stage) => (stage.result as { validation: unknown }).validation);
        decisions.push({ decision, reasons, candidate, modelVersion, validation });
      };
      const start = async (candidates: RunRequest['candidates']): Promise<string> => {
        const request: RunRequest = { source: { path: rows }, label: { column: 'label' }, candidates };
        const { runId } = await runs.startRun({ trigger: 'manual', request });
        await end(runId);
        return runId;
      };
      const first = await start([{ name: 'head', recipe: 'head', seed: 1 }]);
      await end((await runs.replayRun(first)).runId);
      const idle = { epochs: 1, learningRate: 1e-9 };
      await start([{ name: 'idle', recipe: 'head', seed: 2, settings: idle }]);
      const full = { epochs: 3, learningRate: 0.003, maxLength: 16 };
      await start([
        { name: 'idle', recipe: 'head', seed: 3, settings: idle },
        { name: 'full', recipe: 'full', seed: 3, settings: full },
      ]);

      const champion = await tracking.registry.findAlias(MODEL, 'champion');
      const cache = await openModelCache({ artifacts, varDir: config.storage.varDir });
      const directory = await cache.fetch(
        { name: MODEL, version: champion?.version ?? 0 },
        champion?.source ?? '',
      );
      const weights = await sha256File(path.join(directory, 'model.safetensors'));
      await cache.close();
      await tracking.registry.rollbackAlias(MODEL, 'champion', { movedBy: 'test', reason: 'to see' });

      const run = await tracking.runs.get(champion?.runId ?? '');
      const history = await tracking.registry.aliasHistory(MODEL);
      return {
        decisions,
        weights,
        versions: (await allModelAccuracies(tracking, MODEL)).map(({ version, accuracy, aliases }) => ({
          version,
          accuracy,
          aliases,
        })),
        history: history.map(({ alias, kind, fromVersion, toVersion, movedBy, reason }) => ({
          alias,
          kind,
          fromVersion,
          toVersion,
          movedBy,
          reason,
        })),
        runsOfHistory: history.map(({ pipelineRunId }) => pipelineRunId !== null),
        params: run.params,
        inputs: run.datasetInputs.map(({ dataset, tags }) => [dataset.name, dataset.digest, tags]),
        // A phase that is over too soon has no pace.
        metrics: run.metrics
          .map(({ key }) => key)
          .filter((key) => !PACE.test(key))
          .toSorted(),
        folders: (await readdir(path.join(config.storage.varDir, 'artifacts', 'files'))).toSorted(),
      };
    } finally {
      await harness.close();
    }
  }

  it('come to the same decisions, versions, aliases, reasons and weights', async () => {
    const { folders: ownFolders, ...inPostgres } = await decideOn(null);
    const { folders: remoteFolders, ...inMlflow } = await decideOn(mlflow.uri);
    expect(inPostgres.decisions).toMatchObject([
      { decision: 'promote', modelVersion: 1 },
      { decision: 'refuse', modelVersion: null },
      { decision: 'refuse', modelVersion: null },
      { decision: 'promote', modelVersion: 2, candidate: 'full' },
    ]);
    expect(
      inPostgres.history.map(({ kind, fromVersion, toVersion }) => [kind, fromVersion, toVersion]),
    ).toEqual([
      ['rollback', 2, 1],
      ['set', 1, 2],
      ['set', null, 1],
    ]);
    expect(inMlflow).toEqual(inPostgres);
    // The files of runs are where they are tracked; here are only what we know of them, and the datasets.
    expect(ownFolders).toContain('mlflow');
    expect(remoteFolders).not.toContain('mlflow');
    expect(remoteFolders).toEqual(expect.arrayContaining(['datasets', 'mlflow-sha256', 'runs']));

    const script = `import mlflow, os; print(sorted(os.listdir(mlflow.artifacts.download_artifacts("models:/${MODEL}@champion"))))`;
    const python = path.join(path.dirname(mlflowProgram), 'python');
    const { stdout, stderr } = spawnSync(python, ['-c', script], {
      encoding: 'utf8',
      cwd: folder,
      env: { ...process.env, MLFLOW_TRACKING_URI: mlflow.uri, GIT_PYTHON_REFRESH: 'quiet' },
    });
    expect(stdout, stderr).toContain("'config.json'");
    expect(stdout).toContain("'model.safetensors'");
  });
});
