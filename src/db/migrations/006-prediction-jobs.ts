import type { Migration } from '../migration.ts';

/**
 * Prediction jobs, and the state of their steps as that of a run's stages: `attempts` counts up, and whoever
 * holds an older number may write nothing. `shard` is -1 for the two steps that a job has once; shards count
 * from 0 and are made, waiting, by the split.
 */
export const predictionJobsMigration: Migration = {
  name: '006-prediction-jobs',
  sql: `
CREATE TABLE prediction_jobs (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]+$'),
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'succeeded', 'failed', 'cancelled')),
  source jsonb NOT NULL,
  options jsonb NOT NULL,
  resume_key text,
  model_name text NOT NULL,
  model_version integer NOT NULL,
  shards integer,
  rows_total bigint,
  output jsonb,
  error jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  freed_at timestamptz,
  CHECK ((status = 'active') = (finished_at IS NULL))
);
CREATE INDEX prediction_jobs_active ON prediction_jobs (id) WHERE status = 'active';
CREATE INDEX prediction_jobs_by_resume_key ON prediction_jobs (resume_key, number) WHERE resume_key IS NOT NULL;

CREATE TABLE prediction_job_steps (
  job_id text NOT NULL REFERENCES prediction_jobs (id) ON DELETE CASCADE,
  stage text NOT NULL CHECK (stage IN ('split-catalogue', 'predict-shard', 'join-shards')),
  shard integer NOT NULL DEFAULT -1,
  status text NOT NULL CHECK (status IN ('waiting', 'running', 'retrying', 'succeeded', 'failed', 'cancelled')),
  attempts integer NOT NULL DEFAULT 0,
  worker_id text,
  rows integer NOT NULL DEFAULT 0,
  rows_done integer NOT NULL DEFAULT 0,
  refused integer NOT NULL DEFAULT 0,
  input text,
  result jsonb,
  error jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (job_id, stage, shard)
);
`,
};
