import type { Migration } from '../migration.ts';

/** The key that was made in place of this one, so that a key is rotated once. */
export const keyReplacedByMigration: Migration = {
  name: '076-key-replaced-by',
  sql: `
ALTER TABLE api_keys ADD COLUMN replaced_by text;
`,
};
