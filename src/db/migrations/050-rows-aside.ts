import type { Migration } from '../migration.ts';

/**
 * Rows of datasets that people have set aside, whole, so that they can come back. `content` is the hash of
 * title and description.
 */
export const rowsAsideMigration: Migration = {
  name: '050-rows-aside',
  sql: `
CREATE TABLE dataset_rows_aside (
  content bytea PRIMARY KEY,
  "row" jsonb NOT NULL,
  reason text NOT NULL,
  dataset_version integer NOT NULL,
  set_aside_at timestamptz NOT NULL DEFAULT now(),
  returned_at timestamptz
);
`,
};
