import { systemClock, type Clock } from '../../core/clock.ts';
import type { TrackingStore } from '../tracking-store.ts';
import type { MlflowConnection } from './connection.ts';
import { createRemoteExperiments } from './experiments.ts';
import { createRemoteLoggedModels } from './logged-models.ts';
import { createRemoteRegistry } from './registry.ts';
import { createRemoteRuns } from './runs.ts';

/** Tracking and registry in an MLflow server of someone else's (`tracking.uri`), over its REST protocol. */
export function createRemoteTrackingStore(
  connection: MlflowConnection,
  clock: Clock = systemClock,
): TrackingStore {
  return {
    experiments: createRemoteExperiments(connection),
    runs: createRemoteRuns(connection, clock),
    loggedModels: createRemoteLoggedModels(connection),
    registry: createRemoteRegistry(connection, clock),
  };
}
