import type { Migration } from '../migration.ts';

/**
 * Prediction jobs are kept as runs are: whether the first queue job was handed over, and how often the
 * reconciler brought lost ones back. Which stages there are is said by the flow alone.
 */
export const flowsMigration: Migration = {
  name: '020-flows',
  sql: `
ALTER TABLE prediction_jobs ADD COLUMN enqueued_at timestamptz, ADD COLUMN losses integer NOT NULL DEFAULT 0;
ALTER TABLE prediction_job_steps DROP CONSTRAINT prediction_job_steps_stage_check;
`,
};
