import type { Migration } from '../migration.ts';

/** Runs may begin because the champion has lost accuracy. */
export const driftRunsMigration: Migration = {
  name: '037-drift-runs',
  sql: `
    ALTER TABLE pipeline_runs
      DROP CONSTRAINT pipeline_runs_trigger_check,
      ADD CONSTRAINT pipeline_runs_trigger_check
        CHECK (trigger IN ('schedule', 'manual', 'feedback', 'drift', 'replay'));
  `,
};
