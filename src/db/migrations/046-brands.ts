import type { Migration } from '../migration.ts';

/** Brand profiles, in versions that never change. */
export const brandsMigration: Migration = {
  name: '046-brands',
  sql: `
CREATE TABLE brand_versions (
  name text NOT NULL,
  version integer NOT NULL,
  profile jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (name, version)
);
`,
};
