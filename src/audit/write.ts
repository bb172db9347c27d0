/** Appends to the audit log: one writer at a time over all processes, so that numbers have no gaps. */
import { sql } from 'kysely';
import { sleep, type Clock } from '../core/clock.ts';
import { toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { LOCK_KEYS, type Db } from '../db/index.ts';
import { GENESIS, hashEntry, type AuditEntry, type AuditRecord } from './chain.ts';

const MAX_TEXT_CHARS = 500;
/** Entries of one transaction. */
const MAX_BATCH = 500;
const RETRY_MS = 500;
const CLOSE_TRIES = 5;

export async function appendAudit(db: Db, clock: Clock, records: readonly AuditRecord[]): Promise<void> {
  if (records.length === 0) return;
  await db.transaction().execute(async (trx) => {
    await sql`SELECT pg_advisory_xact_lock(${LOCK_KEYS.audit})`.execute(trx);
    let last = await trx
      .selectFrom('audit_log')
      .select(['number', 'hash'])
      .orderBy('number', 'desc')
      .limit(1)
      .executeTakeFirst();
    last ??= await trx.selectFrom('audit_start').select(['number', 'hash']).executeTakeFirst();
    let { number, hash } = last ?? { number: 0, hash: GENESIS };
    const rows = records.map((record) => {
      const entry: Omit<AuditEntry, 'hash'> = {
        number: number + 1,
        at: clock.now(),
        actor: clip(record.actor),
        action: clip(record.action),
        object: clip(record.object),
        outcome: record.outcome,
        details: JSON.stringify(record.details ?? {}, (_, value: unknown) =>
          typeof value === 'string' ? storable(value) : value,
        ),
        requestId: record.requestId ?? null,
        previousHash: hash,
      };
      number = entry.number;
      hash = hashEntry(entry);
      const { requestId, previousHash, ...columns } = entry;
      return { ...columns, request_id: requestId, previous_hash: previousHash, hash };
    });
    await trx.insertInto('audit_log').values(rows).execute();
  });
}

export interface AuditLog {
  /** Resolves once it is stored; while the database is away it waits in memory and resolves at once. */
  append(record: AuditRecord): Promise<void>;
  close(): Promise<void>;
}

/** What comes in while a write is under way is written together by the next. */
export function openAuditLog({ db, clock, log }: { db: Db; clock: Clock; log: Logger }): AuditLog {
  let waiting: { record: AuditRecord; settle: () => void }[] = [];
  let writing: Promise<void> | undefined;
  let isClosing = false;
  const stopping = new AbortController();

  const writeAll = async (): Promise<void> => {
    for (let tries = 1; waiting.length > 0;) {
      const batch = waiting.slice(0, MAX_BATCH);
      try {
        await appendAudit(
          db,
          clock,
          batch.map(({ record }) => record),
        );
        waiting = waiting.slice(batch.length);
        tries = 1;
      } catch (thrown) {
        log.error({ err: toError(thrown), waiting: waiting.length }, 'the audit log could not be written');
        if (isClosing && tries >= CLOSE_TRIES) {
          for (const { record } of waiting) log.error({ audit: record }, 'an audit entry was not stored');
          waiting = [];
        } else await sleep(RETRY_MS, stopping.signal).catch(() => undefined);
        tries += 1;
      } finally {
        for (const { settle } of batch) settle();
      }
    }
  };

  return {
    append: async (record) => {
      const stored = new Promise<void>((settle) => {
        waiting.push({ record, settle });
      });
      writing ??= writeAll().finally(() => {
        writing = undefined;
      });
      await stored;
    },
    close: async () => {
      isClosing = true;
      stopping.abort();
      await writing;
    },
  };
}

function clip(text: string): string {
  const clean = storable(text);
  return clean.length <= MAX_TEXT_CHARS ? clean : `${clean.slice(0, MAX_TEXT_CHARS - 1).toWellFormed()}…`;
}

/**
 * As PostgreSQL gives it back, since that is what the hash is checked against: it stores no NUL, and half a
 * surrogate pair as U+FFFD.
 */
function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}
