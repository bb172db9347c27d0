import type { Migration } from '../migration.ts';

/**
 * What the console stands on: a notice to whoever listens when one of its lists changed (the payload is the
 * topic, one a transaction however many statements it had), and sign-ins, which end with their key.
 */
export const consoleMigration: Migration = {
  name: '034-console',
  sql: `
CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('copyloop_changed', TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER tell_runs AFTER INSERT OR UPDATE OR DELETE ON pipeline_runs
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('runs');
CREATE TRIGGER tell_runs AFTER INSERT OR UPDATE OR DELETE ON stage_states
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('runs');
CREATE TRIGGER tell_jobs AFTER INSERT OR UPDATE OR DELETE ON prediction_jobs
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('jobs');
CREATE TRIGGER tell_jobs AFTER INSERT OR UPDATE OR DELETE ON prediction_job_steps
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('jobs');
CREATE TRIGGER tell_datasets AFTER INSERT OR UPDATE OR DELETE ON dataset_versions
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('datasets');
CREATE TRIGGER tell_models AFTER INSERT OR UPDATE OR DELETE ON model_aliases
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('models');
CREATE TRIGGER tell_models AFTER INSERT OR UPDATE OR DELETE ON model_versions
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('models');

CREATE TABLE console_sessions (
  token_sha256 bytea PRIMARY KEY,
  key_id text NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX console_sessions_by_expiry ON console_sessions (expires_at);
`,
};
