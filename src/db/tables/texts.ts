/** Tables of the migration 041-texts. */
import type { Generated } from 'kysely';

export const TEXT_STATES = ['draft', 'in_review', 'approved', 'rejected', 'published'] as const;
export type TextState = (typeof TEXT_STATES)[number];

export const TEXT_EVENT_KINDS = ['state', 'comment', 'assigned'] as const;
export type TextEventKind = (typeof TEXT_EVENT_KINDS)[number];

export interface TextsTables {
  texts: TextsTable;
  text_events: TextEventsTable;
}

export interface TextsTable {
  id: Generated<number>;
  prediction_id: string;
  field: string;
  place: number;
  state: Generated<TextState>;
  /** What a person made of it; null where it stands as it was written. */
  edited_text: string | null;
  /** Of the text as it was written; null where nothing was scored. */
  score: number | null;
  assignee: string | null;
  changed_by: string;
  changed_at: Generated<Date>;
}

export interface TextEventsTable {
  id: Generated<number>;
  text_id: number;
  kind: TextEventKind;
  /** The new state, the comment, or who it was given to ('' for nobody). */
  told: string;
  done_by: string;
  done_at: Generated<Date>;
}
