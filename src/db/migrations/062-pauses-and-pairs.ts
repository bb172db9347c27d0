import type { Migration } from '../migration.ts';

/** Prediction jobs that somebody has laid aside, and texts that were better or worse than one beside them. */
export const pausesAndPairsMigration: Migration = {
  name: '062-pauses-and-pairs',
  sql: `
ALTER TABLE prediction_jobs DROP CONSTRAINT prediction_jobs_status_check,
  ADD CONSTRAINT prediction_jobs_status_check
    CHECK (status IN ('active', 'succeeded', 'failed', 'cancelled', 'paused'));
ALTER TABLE feedback DROP CONSTRAINT feedback_outcome_check,
  ADD CONSTRAINT feedback_outcome_check CHECK (outcome IN ('accepted', 'edited', 'rejected', 'better', 'worse'));
CREATE INDEX feedback_by_age ON feedback USING brin (created_at);
`,
};
