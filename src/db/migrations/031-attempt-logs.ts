/** The last lines of each attempt, so that they can be read when the machine that wrote them is gone. */
import type { Migration } from '../migration.ts';

export const attemptLogsMigration: Migration = {
  name: '031-attempt-logs',
  sql: `
CREATE TABLE attempt_log_lines (
  run_id text NOT NULL,
  stage text NOT NULL,
  candidate text NOT NULL DEFAULT '',
  attempt integer NOT NULL,
  line integer NOT NULL,
  logged_at timestamptz NOT NULL,
  level text NOT NULL,
  message text NOT NULL,
  PRIMARY KEY (run_id, stage, candidate, attempt, line),
  FOREIGN KEY (run_id, stage, candidate, attempt)
    REFERENCES stage_attempts (run_id, stage, candidate, attempt) ON DELETE CASCADE
);
`,
};
