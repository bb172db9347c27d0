/**
 * The two places that tracking can live in: our PostgreSQL, or the MLflow server that `tracking.uri` names.
 */
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Config } from '../core/config/index.ts';
import type { Db } from '../db/index.ts';
import { MLFLOW_FOLDER } from './artifact-uris.ts';
import { createArtifactStore } from './artifacts/create-artifact-store.ts';
import { createMountedStore } from './artifacts/mounted-store.ts';
import { createPostgresTrackingStore } from './postgres/create-postgres-store.ts';
import { createMlflowConnection } from './remote/connection.ts';
import { createProxyStore } from './remote/proxy-store.ts';
import { createRemoteTrackingStore } from './remote/create-remote-store.ts';
import type { TrackingStore } from './tracking-store.ts';

export interface Tracking {
  tracking: TrackingStore;
  /** Datasets and reports in our own store; what runs and logged models keep, where they are tracked. */
  artifacts: ArtifactStore;
}

/** Opens nothing before it is used. */
export function createTracking(config: Pick<Config, 'tracking' | 'storage'>, db: Db): Tracking {
  const ours = createArtifactStore(config.storage);
  const { uri, ...settings } = config.tracking;
  if (uri === null) return { tracking: createPostgresTrackingStore(db), artifacts: ours };
  const connection = createMlflowConnection({ ...settings, uri });
  return {
    tracking: createRemoteTrackingStore(connection),
    artifacts: createMountedStore(ours, MLFLOW_FOLDER, createProxyStore(connection, ours)),
  };
}
