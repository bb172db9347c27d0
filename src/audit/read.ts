/** Reads the audit log: filtered by page, whole for an export, and link by link to see that it is whole. */
import { sql, type SelectQueryBuilder } from 'kysely';
import { DAY_MS, type Clock } from '../core/clock.ts';
import { LOCK_KEYS, type AuditOutcome, type Db, type Schema } from '../db/index.ts';
import { GENESIS, hashEntry, type AuditEntry } from './chain.ts';
import { appendAudit } from './write.ts';

export interface AuditFilter {
  /** Part of the text, whatever its case. */
  actor?: string | undefined;
  action?: string | undefined;
  object?: string | undefined;
  outcome?: AuditOutcome | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

const PAGE = 1000;
const COLUMNS = [
  'number',
  'at',
  'actor',
  'action',
  'object',
  'outcome',
  'details',
  'request_id as requestId',
  'previous_hash as previousHash',
  'hash',
] as const;

/** Newest first. @param before number of the last entry of the page before */
export async function listAudit(
  db: Db,
  filter: AuditFilter & { before?: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  let query = restrict(db.selectFrom('audit_log'), filter);
  if (filter.before !== undefined) query = query.where('number', '<', filter.before);
  return await query.select(COLUMNS).orderBy('number', 'desc').limit(filter.limit).execute();
}

/** Oldest first, however many there are. */
export async function* readAudit(db: Db, filter: AuditFilter = {}): AsyncGenerator<AuditEntry> {
  for (let last = 0; ;) {
    const page = await restrict(db.selectFrom('audit_log'), filter)
      .where('number', '>', last)
      .select(COLUMNS)
      .orderBy('number')
      .limit(PAGE)
      .execute();
    yield* page;
    const end = page.at(-1);
    if (end === undefined || page.length < PAGE) return;
    last = end.number;
  }
}

export interface AuditVerification {
  entries: number;
  /** Number and hash of the newest entry: kept elsewhere, they show later that none was cut off the end. */
  head: { number: number; hash: string } | null;
  /** What does not hold, in words; none: the chain is whole. */
  faults: string[];
}

const MAX_FAULTS = 20;

/** @param known a hash that was the head at some time and must still be in the chain */
export async function verifyAudit(db: Db, known?: string): Promise<AuditVerification> {
  const start = await db.selectFrom('audit_start').select(['number', 'hash']).executeTakeFirst();
  let previous = start ?? { number: 0, hash: GENESIS };
  let entries = 0;
  let isKnown = known === undefined || known === previous.hash;
  const faults: string[] = [];
  for await (const entry of readAudit(db)) {
    entries += 1;
    if (entry.number !== previous.number + 1)
      faults.push(`between entries ${previous.number} and ${entry.number} there is a gap`);
    else if (entry.previousHash !== previous.hash)
      faults.push(`entry ${entry.number} does not follow from entry ${previous.number}`);
    if (hashEntry(entry) !== entry.hash) faults.push(`entry ${entry.number} was changed`);
    if (entry.hash === known) isKnown = true;
    previous = { number: entry.number, hash: entry.hash };
    if (faults.length >= MAX_FAULTS) break;
  }
  if (!isKnown) faults.push(`no entry has the hash ${known}: entries were cut off or written anew`);
  return { entries, head: previous.number === 0 ? null : previous, faults };
}

/**
 * Deletes what is older, from the beginning, and notes where the chain begins since.
 * @returns how many entries
 */
export async function deleteOldAudit(db: Db, clock: Clock, keepDays: number): Promise<number> {
  const before = new Date(clock.nowMs() - keepDays * DAY_MS);
  const deleted = await db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(${LOCK_KEYS.audit})`.execute(trx);
    // By the last of the old ones at the beginning: clocks of several machines differ.
    const young = await trx
      .selectFrom('audit_log')
      .select((e) => e.fn.min('number').as('number'))
      .where('at', '>=', before)
      .executeTakeFirst();
    const last = await trx
      .selectFrom('audit_log')
      .select(['number', 'hash'])
      .where('number', '<', young?.number ?? Number.MAX_SAFE_INTEGER)
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (last === undefined) return 0;
    await sql`SET LOCAL copyloop.audit_retention = 'on'`.execute(trx);
    const { numDeletedRows } = await trx
      .deleteFrom('audit_log')
      .where('number', '<=', last.number)
      .executeTakeFirstOrThrow();
    await trx
      .insertInto('audit_start')
      .values(last)
      .onConflict((conflict) => conflict.column('only_one').doUpdateSet(last))
      .execute();
    return Number(numDeletedRows);
  });
  if (deleted > 0)
    await appendAudit(db, clock, [
      {
        actor: 'copyloop',
        action: 'audit retention',
        object: 'audit log',
        outcome: 'done',
        details: { deleted, keepDays },
      },
    ]);
  return deleted;
}

type AuditQuery = SelectQueryBuilder<Schema, 'audit_log', object>;

function restrict(query: AuditQuery, filter: AuditFilter): AuditQuery {
  let restricted = query;
  for (const column of ['actor', 'action', 'object'] as const) {
    const part = filter[column];
    if (part !== undefined)
      restricted = restricted.where(
        sql<boolean>`strpos(lower(${sql.ref(column)}), ${part.toLowerCase()}) > 0`,
      );
  }
  if (filter.outcome !== undefined) restricted = restricted.where('outcome', '=', filter.outcome);
  if (filter.since !== undefined) restricted = restricted.where('at', '>=', filter.since);
  if (filter.until !== undefined) restricted = restricted.where('at', '<', filter.until);
  return restricted;
}
