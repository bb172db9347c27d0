/** An entry of the audit log, and the hash that binds it to the one before. */
import { sha256Hex } from '../core/ids.ts';
import type { AuditOutcome } from '../db/index.ts';

export interface AuditRecord {
  /** `key ci (k3v9qa)`, `local user`, `ada (command line)`. */
  actor: string;
  /** What was done: `POST /runs/:id/cancel`, `keys revoke`. */
  action: string;
  /** What it was done to: the path, or the name that the request gives. */
  object: string;
  outcome: AuditOutcome;
  details?: Readonly<Record<string, unknown>>;
  requestId?: string | undefined;
}

export interface AuditEntry {
  number: number;
  at: Date;
  actor: string;
  action: string;
  object: string;
  outcome: AuditOutcome;
  /** JSON. */
  details: string;
  requestId: string | null;
  previousHash: string;
  hash: string;
}

/** `previousHash` of the first entry of all. */
export const GENESIS = '0'.repeat(64);

export function hashEntry(entry: Omit<AuditEntry, 'hash'>): string {
  const { number, at, actor, action, object, outcome, details, requestId, previousHash } = entry;
  const fields = [number, at.toISOString(), actor, action, object, outcome, details, requestId, previousHash];
  return sha256Hex(JSON.stringify(fields));
}
