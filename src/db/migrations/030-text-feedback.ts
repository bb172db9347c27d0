import type { Migration } from '../migration.ts';

/**
 * Feedback names the text that it is about, by field and place among the prediction's texts. What was stored
 * before was about the ad copy that was returned, the first of its field, which the defaults say. Rows with a
 * day are counts of one text, source and day.
 */
export const textFeedbackMigration: Migration = {
  name: '030-text-feedback',
  sql: `
    ALTER TABLE feedback
      ADD COLUMN field text NOT NULL DEFAULT 'ad_copy',
      ADD COLUMN place integer NOT NULL DEFAULT 0 CHECK (place >= 0),
      ADD COLUMN source text,
      ADD COLUMN day date,
      ADD COLUMN conversions integer CHECK (conversions >= 0),
      ADD COLUMN revenue double precision CHECK (revenue >= 0),
      ADD COLUMN currency text,
      ALTER COLUMN outcome DROP NOT NULL,
      ADD CHECK ((source IS NULL) = (day IS NULL)),
      ADD CHECK ((revenue IS NULL) = (currency IS NULL)),
      DROP CONSTRAINT feedback_prediction_id_idempotency_key_key;
    CREATE UNIQUE INDEX feedback_of_text ON feedback (prediction_id, field, place, idempotency_key) WHERE day IS NULL;
    CREATE UNIQUE INDEX feedback_of_day ON feedback (prediction_id, field, place, source, day) WHERE day IS NOT NULL;

    -- One currency for each field: sums of two would mean nothing.
    CREATE TABLE revenue_currencies (
      field text PRIMARY KEY,
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
    );
  `,
};
