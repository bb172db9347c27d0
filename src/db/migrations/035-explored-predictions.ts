import type { Migration } from '../migration.ts';

/** What `explore` has drawn is read by its age, and may be few among many predictions. */
export const exploredPredictionsMigration: Migration = {
  name: '035-explored-predictions',
  sql: `
    CREATE INDEX predictions_explored ON predictions (created_at) WHERE response ->> 'policy' = 'explore';
  `,
};
