import type { Migration } from '../migration.ts';

/** That a prediction was erased, and which model made it; nothing of what was asked or answered. */
export const erasuresMigration: Migration = {
  name: '009-erasures',
  sql: `
    CREATE TABLE erased_predictions (
      id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
      predicted_at timestamptz NOT NULL,
      erased_at timestamptz NOT NULL DEFAULT now(),
      model_name text NOT NULL,
      model_version integer NOT NULL
    );
    CREATE INDEX erased_predictions_by_age ON erased_predictions (predicted_at);
  `,
};
