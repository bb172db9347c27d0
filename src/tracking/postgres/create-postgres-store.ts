import { systemClock, type Clock } from '../../core/clock.ts';
import type { Db } from '../../db/index.ts';
import type { TrackingStore } from '../tracking-store.ts';
import { createExperimentStore } from './experiments.ts';
import { createLoggedModelStore } from './logged-models.ts';
import { createRegistryStore } from './registry.ts';
import { createRunStore } from './runs.ts';

/** Tracking and registry in our PostgreSQL (migration 003-tracking). */
export function createPostgresTrackingStore(db: Db, clock: Clock = systemClock): TrackingStore {
  return {
    experiments: createExperimentStore(db, clock),
    runs: createRunStore(db, clock),
    loggedModels: createLoggedModelStore(db, clock),
    registry: createRegistryStore(db, clock),
  };
}
