/**
 * Which values a key has: without it the planner multiplies the shares of key and value as if they had
 * nothing to do with each other, takes `params.optimizer = 'adamw'` for a tenth of the runs it finds, and
 * reads all of them where the first page would do.
 */
import type { Migration } from '../migration.ts';

export const searchStatisticsMigration: Migration = {
  name: '007-search-statistics',
  sql: `
CREATE STATISTICS run_params_values (mcv) ON key, (left(value, 200)) FROM run_params;
CREATE STATISTICS run_tags_values (mcv) ON key, (left(value, 200)) FROM run_tags;
`,
};
