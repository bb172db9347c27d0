import type { Migration } from '../migration.ts';

/**
 * A foreign key looks its parent up once a row, which was half the cost of inserting a thousand metrics of
 * one run. Writers of metrics lock the run once instead (`FOR KEY SHARE`, what the key took); the deletion of
 * runs takes their metrics along as before.
 */
export const runMetricsParentMigration: Migration = {
  name: '010-run-metrics-parent',
  sql: `
    ALTER TABLE run_metrics DROP CONSTRAINT run_metrics_run_id_fkey;
    CREATE FUNCTION delete_metrics_of_runs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM run_metrics AS m USING gone WHERE m.run_id = gone.run_id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER tracking_runs_delete_metrics AFTER DELETE ON tracking_runs
      REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_metrics_of_runs();
  `,
};
