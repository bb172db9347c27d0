import type { ColumnType, Generated } from 'kysely';

export const AUDIT_OUTCOMES = ['done', 'refused', 'failed'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

export interface AuditTables {
  audit_log: AuditLogTable;
  audit_start: AuditStartTable;
}

/** Numbered from 1 without gaps; never changed. */
export interface AuditLogTable {
  number: number;
  at: ColumnType<Date, Date, never>;
  actor: string;
  action: string;
  object: string;
  outcome: AuditOutcome;
  /** JSON. */
  details: string;
  request_id: string | null;
  previous_hash: string;
  /** sha256 of the entry, `previous_hash` included. */
  hash: string;
}

/** The last entry that retention has deleted. */
export interface AuditStartTable {
  only_one: Generated<boolean>;
  number: number;
  hash: string;
}
