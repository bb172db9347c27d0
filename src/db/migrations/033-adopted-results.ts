/** Which results a replay has taken over from the run that it repeats. */
import type { Migration } from '../migration.ts';

export const adoptedResultsMigration: Migration = {
  name: '033-adopted-results',
  sql: `
ALTER TABLE stage_states ADD COLUMN adopted_from text REFERENCES pipeline_runs (id);
`,
};
