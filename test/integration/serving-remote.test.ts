/**
 * A server whose registry is a real MLflow server: what MLflow's own users do there decides what is served
 * here.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Server } from '../../src/server/index.ts';
import { storeModel } from '../../src/workers/stages/model-files.ts';
import { copyTinyModels } from './shared-models.ts';
import { hasMlflow, skippedWithoutMlflow, startMlflow, type RealMlflow } from './mlflow-server.ts';
import { openServerHarness, postJson, type ServerHarness } from './server-harness.ts';

describe.skipIf(!hasMlflow)(`serving from a remote MLflow server${skippedWithoutMlflow}`, () => {
  let folder: string;
  let mlflow: RealMlflow | undefined;
  let harness: ServerHarness;
  let server: Server;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'copyloop-remote-models-'));
    const models = await copyTinyModels(folder, ['first', 'second']);
    mlflow = await startMlflow();
    harness = await openServerHarness({ tracking: { uri: mlflow.uri }, serving: { cacheEntries: 0 } });
    for (const model of models) await register(model);
    await harness.setAlias('champion', 1);
    server = await harness.openServer();
  }, 240_000);
  afterAll(async () => {
    await harness.close();
    await mlflow?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** As the pipeline does: MLflow takes files for a version's only where they lie below its run's. */
  const register = async (directory: string): Promise<void> => {
    const { tracking, artifacts, config } = harness;
    const experimentId = await tracking.experiments.ensure(config.model.experiment);
    const { runId, artifactUri } = await tracking.runs.create({ experimentId });
    const source = `${artifactUri}/model`;
    await storeModel(artifacts, directory, source, new AbortController().signal);
    await tracking.registry.createVersion({ name: config.model.name, source, runId });
  };

  const servedVersion = async (): Promise<number> => {
    const { status, body } = await postJson(`${server.url}/predict`, {
      title: 'Lamp',
      description: 'a lovely bright lamp for the home',
      count: 1,
    });
    expect(status).toBe(200);
    return (body['model'] as { version: number }).version;
  };

  it('serves the champion that is named there, from files that lie there', async () => {
    expect(await servedVersion()).toBe(1);
  });

  it("follows an alias that MLflow's own users move", async () => {
    const moved = await postJson(`${mlflow?.uri}/api/2.0/mlflow/registered-models/alias`, {
      name: harness.config.model.name,
      alias: 'champion',
      version: '2',
    });
    expect(moved.status).toBe(200);
    await expect.poll(servedVersion, { timeout: 60_000 }).toBe(2);
  });

  it('goes on serving when that server is gone, and says so', async () => {
    await mlflow?.close();
    mlflow = undefined;
    const metrics = async (): Promise<string> => await (await fetch(`${server.url}/metrics`)).text();
    await expect.poll(metrics, { timeout: 60_000 }).toMatch(/^copyloop_registry_unreadable 1$/m);
    expect(await servedVersion()).toBe(2);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});
