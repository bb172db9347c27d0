/** Tables of the migrations 006-prediction-jobs and 020-flows. */
import type { Generated } from 'kysely';
import { RUN_STATUSES, type StageStatus, type StoredError } from './pipeline.ts';

/** A paused job keeps what it has done until somebody lets it go on, or its retention is over. */
export const JOB_STATUSES = [...RUN_STATUSES, 'paused'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export interface PredictionJobsTables {
  prediction_jobs: PredictionJobsTable;
  prediction_job_steps: PredictionJobStepsTable;
}

export interface PredictionJobsTable {
  id: string;
  number: Generated<number>;
  status: Generated<JobStatus>;
  source: unknown;
  options: unknown;
  /**
   * Says which job a command means when it is given the same files and wishes again; null for jobs of the
   * server.
   */
  resume_key: string | null;
  /** The version that was champion when the job began: all shards are scored by one model. */
  model_name: string;
  model_version: number;
  /** null until the catalogue is split. */
  shards: number | null;
  /** Rows that are to be predicted; null until the catalogue is split. */
  rows_total: number | null;
  output: unknown;
  error: StoredError | null;
  created_at: Generated<Date>;
  /** null until the first queue job was handed over. */
  enqueued_at: Date | null;
  /** How often the reconciler brought back queue jobs that had been there and were gone. */
  losses: Generated<number>;
  finished_at: Date | null;
  /** When what only the work needed was deleted from the artifact store. */
  freed_at: Date | null;
}

export interface PredictionJobStepsTable {
  job_id: string;
  stage: string;
  /** -1 for the stages that have no shards. */
  shard: Generated<number>;
  status: StageStatus | 'waiting';
  attempts: Generated<number>;
  worker_id: string | null;
  rows: Generated<number>;
  rows_done: Generated<number>;
  refused: Generated<number>;
  /** Artifact key of the shard's rows. */
  input: string | null;
  result: unknown;
  error: StoredError | null;
  started_at: Date | null;
  finished_at: Date | null;
}
