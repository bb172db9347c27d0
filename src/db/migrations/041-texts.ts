/**
 * Where each text stands on its way to being published, and what was done to it by whom. A text that nobody
 * has touched has no row and is a draft. What it says stands in its prediction, with which it is erased.
 */
import type { Migration } from '../migration.ts';

export const textsMigration: Migration = {
  name: '041-texts',
  sql: `
CREATE TABLE texts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  prediction_id text NOT NULL REFERENCES predictions (id) ON DELETE CASCADE,
  field text NOT NULL,
  place integer NOT NULL CHECK (place >= 0),
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'in_review', 'approved', 'rejected', 'published')),
  edited_text text,
  score double precision,
  assignee text,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (prediction_id, field, place)
);
CREATE INDEX texts_by_state ON texts (state, id);

CREATE TABLE text_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  text_id bigint NOT NULL REFERENCES texts (id) ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('state', 'comment', 'assigned')),
  told text NOT NULL,
  done_by text NOT NULL,
  done_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX text_events_by_text ON text_events (text_id, id);

CREATE TRIGGER tell_texts AFTER INSERT OR UPDATE OR DELETE ON texts
  FOR EACH STATEMENT EXECUTE FUNCTION notify_change('texts');
`,
};
