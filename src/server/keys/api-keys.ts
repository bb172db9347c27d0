/**
 * API keys: `clp_<id>_<secret>`. Shown once when made; the database holds their sha256, compared in constant
 * time. A digest without salt suffices, since the secret is 200 random bits and not a password.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { SECOND_MS } from '../../core/clock.ts';
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
}

/** @returns the key itself, which can never be read again */
export async function createApiKey(
  db: Db,
  { name, role }: { name: string; role: KeyRole },
): Promise<{ id: string; key: string }> {
  const id = randomSlug(ID_LENGTH);
  const key = `${PREFIX}_${id}_${randomSlug(SECRET_LENGTH)}`;
  await db
    .insertInto('api_keys')
    .values({ id, name, role, key_sha256: digest(key) })
    .execute();
  return { id, key };
}

export async function listApiKeys(db: Db): Promise<ApiKey[]> {
  const rows = await db
    .selectFrom('api_keys')
    .select(['id', 'name', 'role', 'created_at', 'revoked_at'])
    .orderBy('created_at')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
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
  if (row === undefined)
    throw new AppError('not-found', `there is no API key ${id} in force; \`copyloop keys\` lists them`);
}

/** Says whose key it is; undefined for one that is not in force. */
export type KeyChecker = (key: string) => Promise<Pick<ApiKey, 'id' | 'name' | 'role'> | undefined>;

/**
 * While the database is away a key counts as it last did: nobody can revoke one then, and what is loaded goes
 * on predicting.
 */
export function createKeyChecker(db: Db): KeyChecker {
  const lastKnown = new LRUCache<string, Pick<ApiKey, 'id' | 'name' | 'role'>>({ max: 10_000 });
  const remembered = new LRUCache<string, { key: Awaited<ReturnType<KeyChecker>> }>({
    max: 10_000,
    ttl: REMEMBER_MS,
  });
  return async (key) => {
    const id = FORM.exec(key)?.[1];
    if (id === undefined) return undefined;
    const given = digest(key);
    const memory = given.toString('base64');
    const known = remembered.get(memory);
    if (known !== undefined) return known.key;
    const reading = db
      .selectFrom('api_keys')
      .select(['key_sha256', 'name', 'role'])
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    let row: Awaited<typeof reading>;
    try {
      row = await reading;
    } catch (thrown) {
      const last = lastKnown.get(memory);
      if (last === undefined || !isConnectionLost(thrown)) throw thrown;
      return last;
    }
    const isValid = timingSafeEqual(given, row?.key_sha256 ?? Buffer.alloc(given.length));
    const found = isValid && row !== undefined ? { id, name: row.name, role: row.role } : undefined;
    remembered.set(memory, { key: found });
    if (found === undefined) lastKnown.delete(memory);
    else lastKnown.set(memory, found);
    return found;
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
