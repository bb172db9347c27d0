/**
 * Tracking in a remote MLflow server: both conformance suites against the real one, and what only this
 * backend promises.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import {
  createFolderStore,
  createRemoteTrackingStore,
  type TrackingStore,
} from '../../src/tracking/index.ts';
import { createMlflowConnection } from '../../src/tracking/remote/connection.ts';
import { createProxyStore } from '../../src/tracking/remote/proxy-store.ts';
import { describeArtifactStore } from '../tracking/artifact-store-cases.ts';
import { describeTrackingStore } from '../tracking/tracking-store-cases.ts';
import { hasMlflow, skippedWithoutMlflow, startMlflow, type RealMlflow } from './mlflow-server.ts';

describe.skipIf(!hasMlflow)(`a remote MLflow server${skippedWithoutMlflow}`, () => {
  let mlflow: RealMlflow;
  let folder: string;
  let store: TrackingStore;
  beforeAll(async () => {
    mlflow = await startMlflow();
    folder = await mkdtemp(path.join(tmpdir(), 'copyloop-remote-'));
    store = createRemoteTrackingStore(createMlflowConnection(mlflow.settings));
  }, 120_000);
  afterAll(async () => {
    await mlflow.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe('as tracking store', () => {
    describeTrackingStore(async () => store);
  });

  describe('as artifact store', () => {
    const exception = {
      key: 'odd/a%20b',
      reason: "MLflow's server decodes names until nothing is left to decode, so this would be 'odd/a b'",
    };
    describeArtifactStore(
      async () => createProxyStore(createMlflowConnection(mlflow.settings), createFolderStore(folder)),
      [exception],
    );
  });
});
