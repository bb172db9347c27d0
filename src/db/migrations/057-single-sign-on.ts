import type { Migration } from '../migration.ts';

/** Sign-ins of people whom an identity provider knows: they stand for no key, and end at their time. */
export const singleSignOnMigration: Migration = {
  name: '057-single-sign-on',
  sql: `
ALTER TABLE console_sessions
  ALTER COLUMN key_id DROP NOT NULL,
  ADD COLUMN subject text,
  ADD COLUMN name text,
  ADD COLUMN role text CHECK (role IN ('reader', 'writer', 'admin')),
  ADD CHECK ((key_id IS NULL) = (subject IS NOT NULL AND name IS NOT NULL AND role IS NOT NULL));
`,
};
