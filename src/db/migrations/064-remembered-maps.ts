import type { Migration } from '../migration.ts';

/** Which column is which field, kept for tables of one header; `header` is the hash of its names. */
export const rememberedMapsMigration: Migration = {
  name: '064-remembered-maps',
  sql: `
CREATE TABLE remembered_maps (
  header text PRIMARY KEY,
  map jsonb NOT NULL,
  source text NOT NULL,
  remembered_at timestamptz NOT NULL DEFAULT now()
);
`,
};
