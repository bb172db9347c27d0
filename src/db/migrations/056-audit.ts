/**
 * Who did what to which object. Rows are only added, and each holds the hash of the one before, so that no
 * row can be changed or taken out of the middle unseen. Retention alone deletes, from the beginning, and says
 * in `audit_start` where the chain begins since.
 */
import type { Migration } from '../migration.ts';

export const auditMigration: Migration = {
  name: '056-audit',
  sql: `
CREATE TABLE audit_log (
  number bigint PRIMARY KEY CHECK (number >= 1),
  at timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  object text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
  -- JSON, byte for byte as it was hashed.
  details text NOT NULL,
  request_id text,
  previous_hash text NOT NULL,
  hash text NOT NULL UNIQUE
);
CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE INDEX audit_log_by_object ON audit_log (object, number);

CREATE TABLE audit_start (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  number bigint NOT NULL,
  hash text NOT NULL
);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('copyloop.audit_retention', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP;
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
`,
};
