/**
 * API keys: `clp_<id>_<secret>`. Shown once when made; the database holds their sha256, compared in constant
 * time. A digest without salt suffices, since the secret is 200 random bits and not a password.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { sql } from 'kysely';
import { SECOND_MS, type Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { randomSlug } from '../../core/ids.ts';
import { isConnectionLost, type Db, type KeyRole } from '../../db/index.ts';

const PREFIX = 'clp';
const ID_LENGTH = 8;
const SECRET_LENGTH = 39;
const FORM = new RegExp(`^${PREFIX}_([a-z0-9]{${ID_LENGTH}})_[a-z0-9]{${SECRET_LENGTH}}$`);
/** A revoked key is refused everywhere after so long. */
const REMEMBER_MS = 10 * SECOND_MS;

export interface ApiKey {
  id: string;
  name: string;
  role: KeyRole;
  createdAt: Date;
  revokedAt: Date | null;
  expiresAt: Date | null;
  /** To the minute; null: never used. */
  lastUsedAt: Date | null;
  /** null: as many as `server.requestsPerMinute` says. */
  requestsPerMinute: number | null;
}

export interface NewApiKey {
  name: string;
  role: KeyRole;
  expiresAt?: Date | null;
  requestsPerMinute?: number | null;
}

/** @returns the key itself, which can never be read again */
export async function createApiKey(db: Db, given: NewApiKey): Promise<{ id: string; key: string }> {
  const key = `${PREFIX}_${randomSlug(ID_LENGTH)}_${randomSlug(SECRET_LENGTH)}`;
  const { id } = await keepApiKey(db, key, given);
  return { id, key };
}

/**
 * Puts a key in force that was made elsewhere, as by whoever installs. One that is known stays as it is: an
 * upgrade says the same again, and what was revoked does not come back.
 * @throws AppError `invalid-input` for another form; `conflict` where the id, name or role is another
 */
export async function keepApiKey(
  db: Db,
  key: string,
  { name, role, expiresAt = null, requestsPerMinute = null }: NewApiKey,
): Promise<{ id: string; isNew: boolean; isInForce: boolean }> {
  const id = FORM.exec(key)?.[1];
  if (id === undefined)
    throw new AppError(
      'invalid-input',
      `this is not an API key: one is ${PREFIX}_<id>_<secret>, of ${ID_LENGTH} and ${SECRET_LENGTH} small letters and digits, as "echo clp_$(openssl rand -hex 4)_$(openssl rand -hex 20 | cut -c1-39)" prints it`,
    );
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('api_keys')
    .values({
      id,
      name,
      role,
      key_sha256: digest(key),
      expires_at: expiresAt,
      requests_per_minute: requestsPerMinute,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 1n) return { id, isNew: true, isInForce: true };
  const known = await db
    .selectFrom('api_keys')
    .select(['name', 'role', 'key_sha256', 'revoked_at', 'expires_at'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (known.name !== name || known.role !== role || !timingSafeEqual(known.key_sha256, digest(key)))
    throw new AppError(
      'conflict',
      `there is another key ${id} already, or this one with another name or role: make a new one`,
    );
  const isInForce =
    known.revoked_at === null && (known.expires_at === null || known.expires_at.getTime() > Date.now());
  return { id, isNew: false, isInForce };
}

export async function listApiKeys(db: Db): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'role', 'created_at', 'revoked_at'])
    .select(['expires_at', 'last_used_at', 'requests_per_minute'])
    .orderBy('created_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    requestsPerMinute: row.requests_per_minute,
  }));
}

/** @throws AppError `not-found` */
export async function revokeApiKey(db: Db, id: string): Promise<void> {
  const row = await db
    .updateTable('api_keys')
    .set({ revoked_at: new Date() })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  if (row === undefined) throw noSuchKey(id);
}

/**
 * Makes a key of the same name, role and limit in place of another, which ends at `until`, or sooner where it
 * would have. A key is replaced once: of two replacements one would stay in force unseen.
 * @param expiresAt of the new key; undefined: it lasts as long as the old one was made for
 * @returns the new key, and when the old one ends
 * @throws AppError `not-found`; `conflict` for a key that has been replaced
 */
export async function rotateApiKey(
  db: Db,
  id: string,
  until: Date,
  expiresAt?: Date,
): Promise<{ id: string; key: string; oldEndsAt: Date }> {
  return await db.transaction().execute(async (trx) => {
    const old = await trx
      .selectFrom('api_keys')
      .select(['name', 'role', 'requests_per_minute', 'created_at', 'expires_at', 'replaced_by'])
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', sql<Date>`now()`)]))
      .forUpdate()
      .executeTakeFirst();
    if (old === undefined) throw noSuchKey(id);
    if (old.replaced_by !== null)
      throw new AppError(
        'conflict',
        `key ${id} was replaced by ${old.replaced_by} already: rotate that one, or make another with \`copyloop keys create\``,
      );
    const lifeMs = old.expires_at === null ? null : old.expires_at.getTime() - old.created_at.getTime();
    const made = await createApiKey(trx, {
      name: old.name,
      role: old.role,
      requestsPerMinute: old.requests_per_minute,
      expiresAt: expiresAt ?? (lifeMs === null ? null : new Date(Date.now() + lifeMs)),
    });
    const oldEndsAt = old.expires_at !== null && old.expires_at < until ? old.expires_at : until;
    await trx
      .updateTable('api_keys')
      .set({ expires_at: oldEndsAt, replaced_by: made.id })
      .where('id', '=', id)
      .execute();
    return { ...made, oldEndsAt };
  });
}

/** Notes that a key was used, to the minute; a key that cannot be noted works all the same. */
export function noteUse(db: Db, id: string): void {
  db.updateTable('api_keys')
    .set({ last_used_at: sql<Date>`now()` })
    .where('id', '=', id)
    .where((e) =>
      e.or([e('last_used_at', 'is', null), e('last_used_at', '<', sql<Date>`now() - interval '1 minute'`)]),
    )
    .execute()
    .catch(() => undefined);
}

function noSuchKey(id: string): AppError {
  return new AppError('not-found', `there is no API key ${id} in force; \`copyloop keys\` lists them`);
}

/** What is known of a key while it is in force. */
export type KnownKey = Pick<ApiKey, 'id' | 'name' | 'role' | 'requestsPerMinute'>;

/** Says whose key it is; undefined for one that is not in force. */
export type KeyChecker = (key: string) => Promise<KnownKey | undefined>;

/**
 * While the database is away a key counts as it last did: nobody can revoke one then, and what is loaded goes
 * on predicting.
 */
export function createKeyChecker(db: Db, clock: Pick<Clock, 'nowMs'>): KeyChecker {
  interface Memory {
    key: KnownKey;
    endsMs: number;
  }
  const lastKnown = new LRUCache<string, Memory>({ max: 10_000 });
  const remembered = new LRUCache<string, { found: Memory | undefined }>({ max: 10_000, ttl: REMEMBER_MS });
  const inForce = (memory: Memory | undefined): KnownKey | undefined =>
    memory !== undefined && clock.nowMs() < memory.endsMs ? memory.key : undefined;
  return async (key) => {
    const id = FORM.exec(key)?.[1];
    if (id === undefined) return undefined;
    const given = digest(key);
    const name = given.toString('base64');
    const known = remembered.get(name);
    if (known !== undefined) return inForce(known.found);
    const reading = db
      .selectFrom('api_keys')
      .select(['key_sha256', 'name', 'role', 'expires_at', 'requests_per_minute'])
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    let row: Awaited<typeof reading>;
    try {
      row = await reading;
    } catch (thrown) {
      const last = lastKnown.get(name);
      if (last === undefined || !isConnectionLost(thrown)) throw thrown;
      return inForce(last);
    }
    const isValid = timingSafeEqual(given, row?.key_sha256 ?? Buffer.alloc(given.length));
    const found =
      isValid && row !== undefined
        ? {
            key: { id, name: row.name, role: row.role, requestsPerMinute: row.requests_per_minute },
            endsMs: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
          }
        : undefined;
    remembered.set(name, { found });
    if (found === undefined) lastKnown.delete(name);
    else lastKnown.set(name, found);
    const usable = inForce(found);
    if (usable !== undefined) noteUse(db, id);
    return usable;
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
