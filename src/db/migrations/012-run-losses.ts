import type { Migration } from '../migration.ts';

/**
 * How often the queues had lost the jobs of a run, so that the reconciler does not bring them back for ever.
 */
export const runLossesMigration: Migration = {
  name: '012-run-losses',
  sql: `ALTER TABLE pipeline_runs ADD COLUMN losses integer NOT NULL DEFAULT 0`,
};
