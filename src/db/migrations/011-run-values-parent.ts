import type { Migration } from '../migration.ts';

/**
 * As for metrics in 010: params, tags and latest metrics of a run are written under the run's own lock (`FOR
 * KEY SHARE`, or that of the row just made or changed), which is what the foreign key took again for each
 * row. Who deletes runs deletes them along.
 */
export const runValuesParentMigration: Migration = {
  name: '011-run-values-parent',
  sql: `
    ALTER TABLE run_params DROP CONSTRAINT run_params_run_id_fkey;
    ALTER TABLE run_tags DROP CONSTRAINT run_tags_run_id_fkey;
    ALTER TABLE run_latest_metrics DROP CONSTRAINT run_latest_metrics_run_id_fkey;
    DROP TRIGGER tracking_runs_delete_metrics ON tracking_runs;
    DROP FUNCTION delete_metrics_of_runs();
    CREATE FUNCTION delete_values_of_runs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM run_params AS p USING gone WHERE p.run_id = gone.run_id;
      DELETE FROM run_tags AS t USING gone WHERE t.run_id = gone.run_id;
      DELETE FROM run_latest_metrics AS l USING gone WHERE l.run_id = gone.run_id;
      DELETE FROM run_metrics AS m USING gone WHERE m.run_id = gone.run_id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER tracking_runs_delete_values AFTER DELETE ON tracking_runs
      REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION delete_values_of_runs();
  `,
};
