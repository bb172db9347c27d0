/** What a stage handler is given. Handlers know no BullMQ: they take ids, do their work, honour the signal and return what they left. */
import type { Clock } from '../../core/clock.ts';
import type { Config, Stage } from '../../core/config/index.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Logger } from '../../core/log.ts';
import type { Database, RunTrigger } from '../../db/index.ts';
import type { RunOptions, StagePayload, StageResult } from '../../queues/index.ts';

/** The stores that handlers work on, open for as long as the workers are. */
export interface StageServices {
  database: Database;
  artifacts: ArtifactStore;
  config: Config;
}

export interface CandidateOutcome {
  candidate: string;
  status: 'succeeded' | 'failed' | 'cancelled' | 'unfinished';
  result: StageResult<'train-model'> | null;
  error: string | null;
}

export interface StageContext {
  run: { id: string; number: number; trigger: RunTrigger; options: RunOptions };
  /** Counts from 1 over all attempts of this stage, those of killed workers included. */
  attempt: number;
  log: Logger;
  /** Aborted when the attempt has run out of time, the run is cancelled, or the worker must go; stop soon and reject. */
  signal: AbortSignal;
  clock: Clock;
  services: StageServices;
  /** Tells how far the attempt is, 0 to 1. Cheap: what comes too often is dropped. */
  progress(fraction: number, message: string): void;
  /** What an earlier stage of this run left. @throws AppError `internal` when it has not succeeded */
  resultOf<S extends Exclude<Stage, 'train-model'>>(stage: S): Promise<StageResult<S>>;
  /** How each candidate of this run ended, in their order. */
  candidates(): Promise<CandidateOutcome[]>;
}

export type StageHandler<S extends Stage> = (
  payload: StagePayload<S>,
  context: StageContext,
) => Promise<StageResult<S>>;

export type StageHandlers = { [S in Stage]: StageHandler<S> };
