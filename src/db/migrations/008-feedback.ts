import type { Migration } from '../migration.ts';

export const feedbackMigration: Migration = {
  name: '008-feedback',
  sql: `
    -- Feedback that was erased by request. Its rows may lie in the parent of the next dataset version, and must not be taken over from there.
    CREATE TABLE erased_feedback (
      feedback_id bigint PRIMARY KEY,
      erased_at timestamptz NOT NULL DEFAULT now()
    );

    -- Tokens set aside for paid writers, by UTC day: one budget for all servers, which a restart does not refill.
    CREATE TABLE writer_spending (
      day date PRIMARY KEY,
      tokens bigint NOT NULL CHECK (tokens >= 0)
    );
  `,
};
