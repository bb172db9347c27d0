import type { Migration } from '../migration.ts';

/**
 * Pipeline runs, the state of their stages, every attempt, and the slots of the schedule.
 * `pipeline_runs_one_active` is what keeps two runs from being active at once, whatever process starts them.
 */
export const pipelineMigration: Migration = {
  name: '001-pipeline',
  sql: `
CREATE TABLE pipeline_runs (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]+$'),
  number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  trigger text NOT NULL CHECK (trigger IN ('schedule', 'manual', 'feedback', 'replay')),
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'succeeded', 'failed', 'cancelled')),
  options jsonb NOT NULL,
  replay_of text REFERENCES pipeline_runs (id),
  slot timestamptz UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  enqueued_at timestamptz,
  finished_at timestamptz,
  error jsonb,
  CHECK ((status = 'active') = (finished_at IS NULL))
);
CREATE UNIQUE INDEX pipeline_runs_one_active ON pipeline_runs (status) WHERE status = 'active';

CREATE TABLE stage_states (
  run_id text NOT NULL REFERENCES pipeline_runs (id) ON DELETE CASCADE,
  stage text NOT NULL,
  candidate text NOT NULL DEFAULT '',
  status text NOT NULL CHECK (status IN ('running', 'retrying', 'succeeded', 'failed', 'cancelled')),
  attempts integer NOT NULL DEFAULT 1,
  worker_id text NOT NULL,
  progress jsonb,
  result jsonb,
  error jsonb,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  PRIMARY KEY (run_id, stage, candidate)
);

CREATE TABLE stage_attempts (
  run_id text NOT NULL,
  stage text NOT NULL,
  candidate text NOT NULL DEFAULT '',
  attempt integer NOT NULL,
  worker_id text NOT NULL,
  outcome text NOT NULL DEFAULT 'running'
    CHECK (outcome IN ('running', 'succeeded', 'failed', 'timed-out', 'cancelled', 'handed-back', 'lost')),
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  error jsonb,
  PRIMARY KEY (run_id, stage, candidate, attempt),
  FOREIGN KEY (run_id, stage, candidate) REFERENCES stage_states (run_id, stage, candidate) ON DELETE CASCADE
);

CREATE TABLE schedule_ticks (
  slot timestamptz PRIMARY KEY,
  claimed_at timestamptz NOT NULL DEFAULT now(),
  outcome text NOT NULL CHECK (outcome IN ('started', 'skipped')),
  run_id text REFERENCES pipeline_runs (id) ON DELETE SET NULL,
  reason text
);
`,
};
