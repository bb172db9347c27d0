import type { Migration } from '../migration.ts';

export const servingMigration: Migration = {
  name: '004-serving',
  sql: `
    CREATE TABLE api_keys (
      id text PRIMARY KEY,
      name text NOT NULL,
      key_sha256 bytea NOT NULL UNIQUE CHECK (length(key_sha256) = 32),
      created_at timestamptz NOT NULL DEFAULT now(),
      revoked_at timestamptz
    );

    CREATE TABLE predictions (
      id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{32}$'),
      created_at timestamptz NOT NULL DEFAULT now(),
      title text NOT NULL,
      description text NOT NULL,
      request jsonb NOT NULL,
      response jsonb NOT NULL,
      copy_text text NOT NULL,
      confidence_score double precision NOT NULL,
      model_name text NOT NULL,
      model_version integer NOT NULL,
      writer text NOT NULL,
      request_id text NOT NULL
    );
    CREATE INDEX predictions_by_age ON predictions (created_at);

    CREATE TABLE feedback (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      prediction_id text NOT NULL REFERENCES predictions (id) ON DELETE CASCADE,
      idempotency_key text NOT NULL DEFAULT '',
      outcome text NOT NULL CHECK (outcome IN ('accepted', 'edited', 'rejected')),
      edited_text text,
      clicks integer CHECK (clicks >= 0),
      impressions integer CHECK (impressions >= 0),
      rating double precision,
      created_at timestamptz NOT NULL DEFAULT now(),
      dataset_version integer,
      UNIQUE (prediction_id, idempotency_key),
      CHECK ((outcome = 'edited') = (edited_text IS NOT NULL))
    );
    CREATE INDEX feedback_not_taken ON feedback (id) WHERE dataset_version IS NULL;

    CREATE TABLE serving_traffic (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      champion integer NOT NULL CHECK (champion BETWEEN 0 AND 100),
      challenger integer NOT NULL,
      shadow boolean NOT NULL,
      updated_at timestamptz NOT NULL DEFAULT now(),
      CHECK (champion + challenger = 100)
    );
    INSERT INTO serving_traffic (champion, challenger, shadow) VALUES (100, 0, false);
  `,
};
