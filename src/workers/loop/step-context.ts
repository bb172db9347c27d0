/** What the handler of a job's step is given. As stage handlers they know no BullMQ. */
import type { JobStage } from '../../core/config/index.ts';
import type { Copywriter } from '../../copy/index.ts';
import type { CatalogueSource } from '../../data/index.ts';
import type { Logger } from '../../core/log.ts';
import type { PredictJobOptions, StepPayload, StepResult } from '../../queues/index.ts';
import type { StageServices } from './context.ts';

/** Scores texts in their order. */
export type ScoreBatch = (texts: readonly string[], signal: AbortSignal) => Promise<number[]>;

/** How a worker comes by the scores of a registered version. The same texts must get the same scores whenever they are scored again. */
export interface VersionScores {
  withVersion<T>(ref: { name: string; version: number }, body: (score: ScoreBatch) => Promise<T>): Promise<T>;
}

/** What predicting stands on beside the stores. */
export interface PredictServices {
  scores: VersionScores;
  copywriter: Copywriter;
}

export interface StepContext {
  job: {
    id: string;
    source: CatalogueSource;
    options: PredictJobOptions;
    model: { name: string; version: number };
    /** null until the catalogue is split. */
    shards: number | null;
  };
  /** Artifact key of a shard's rows. */
  input: string | null;
  /** Counts from 1 over all attempts, those of killed workers included: artifacts carry it, so that no two attempts write the same one. */
  attempt: number;
  log: Logger;
  signal: AbortSignal;
  services: StageServices;
  /** Tells how many rows are done, of how many where that is known. Cheap: what comes too often is dropped. */
  progress(rowsDone: number, rows?: number): void;
}

export type StepHandler<S extends JobStage> = (
  payload: StepPayload<S>,
  context: StepContext,
) => Promise<StepResult<S>>;

export type StepHandlers = { [S in JobStage]: StepHandler<S> };
