import type { Migration } from '../migration.ts';

/**
 * What runs are filtered by: the recipes that they train, in a column of their own, since options are large
 * and lie outside their rows; and the dataset version that they made.
 */
export const runFiltersMigration: Migration = {
  name: '077-run-filters',
  sql: `
CREATE FUNCTION recipes_of(options jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  $$ SELECT ARRAY(SELECT jsonb_array_elements_text(jsonb_path_query_array(options, '$.candidates[*].recipe'))) $$;
ALTER TABLE pipeline_runs ADD COLUMN recipes text[] NOT NULL GENERATED ALWAYS AS (recipes_of(options)) STORED;
CREATE INDEX pipeline_runs_by_recipe ON pipeline_runs USING gin (recipes);
CREATE INDEX stage_states_by_dataset ON stage_states ((result ->> 'datasetVersion')) WHERE stage = 'version-data';
`,
};
