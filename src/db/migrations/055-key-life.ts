import type { Migration } from '../migration.ts';

/** When a key ends by itself, when it was last used, and how many requests a minute it may send. */
export const keyLifeMigration: Migration = {
  name: '055-key-life',
  sql: `
ALTER TABLE api_keys
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN last_used_at timestamptz,
  ADD COLUMN requests_per_minute integer CHECK (requests_per_minute > 0);
`,
};
