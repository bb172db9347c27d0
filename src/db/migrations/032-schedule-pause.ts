/** Whether the schedule is paused, said once for all workers; without a row it is not. */
import type { Migration } from '../migration.ts';

export const schedulePauseMigration: Migration = {
  name: '032-schedule-pause',
  sql: `
CREATE TABLE schedule_pause (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  paused boolean NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);
`,
};
