import type { Migration } from '../migration.ts';

export const datasetsMigration: Migration = {
  name: '002-datasets',
  sql: `
    CREATE TABLE dataset_versions (
      version        integer PRIMARY KEY CHECK (version >= 1),
      run_id         text NOT NULL UNIQUE,
      parent_version integer REFERENCES dataset_versions (version),
      digest         text NOT NULL,
      key_prefix     text NOT NULL,
      row_count      integer NOT NULL,
      manifest       jsonb NOT NULL,
      created_at     timestamptz NOT NULL
    );
    CREATE INDEX dataset_versions_digest ON dataset_versions (digest);
  `,
};
