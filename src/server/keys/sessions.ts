/**
 * Sign-ins of the console: a random token in a cookie that scripts cannot read stands for an API key, for as
 * long as the key is in force. Other sites cannot send it (SameSite=Strict, and `refuseOtherSites` looks at
 * the origin of every change).
 */
import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DAY_MS, SECOND_MS, type Clock } from '../../core/clock.ts';
import { isConnectionLost, type Db, type KeyRole } from '../../db/index.ts';
import { noteUse, type KnownKey } from './api-keys.ts';
import type { Person } from './single-sign-on.ts';

/** Begins the id of somebody who signed in without a key. */
export const PERSON = 'person ';
export const SESSION_COOKIE = 'copyloop_session';
/** Without a request for so long, a sign-in ends. */
export const SESSION_MS = 14 * DAY_MS;
/** A revoked key is refused after so long. */
const REMEMBER_MS = 10 * SECOND_MS;

export type SignedIn = KnownKey;

export interface Sessions {
  /** @returns the token for the cookie, which can never be read again */
  open(keyId: string): Promise<string>;
  /** For somebody whom an identity provider knows, until then. */
  openFor(person: Person, until: Date): Promise<string>;
  /** Whose key a token stands for; undefined where it stands for none any more. Being asked prolongs it. */
  check(token: string): Promise<SignedIn | undefined>;
  close(token: string): Promise<void>;
}

export function createSessions(db: Db, clock: Clock): Sessions {
  const remembered = new LRUCache<string, { key: SignedIn | undefined }>({ max: 10_000, ttl: REMEMBER_MS });
  const expiry = (): Date => new Date(clock.nowMs() + SESSION_MS);

  const read = async (hash: Buffer): Promise<SignedIn | undefined> => {
    const row = await db
      .selectFrom('console_sessions')
      .leftJoin('api_keys', 'api_keys.id', 'console_sessions.key_id')
      .select(['api_keys.id', 'api_keys.name', 'api_keys.role', 'console_sessions.expires_at'])
      .select('api_keys.requests_per_minute')
      .select(['subject', 'console_sessions.name as person', 'console_sessions.role as personRole'])
      .where('token_sha256', '=', hash)
      .where('api_keys.revoked_at', 'is', null)
      .where((e) => e.or([e('api_keys.expires_at', 'is', null), e('api_keys.expires_at', '>', clock.now())]))
      .where('console_sessions.expires_at', '>', clock.now())
      .executeTakeFirst();
    if (row === undefined) return undefined;
    if (row.subject !== null && row.person !== null && row.personRole !== null)
      return {
        id: `${PERSON}${row.subject}`,
        name: row.person,
        role: row.personRole,
        requestsPerMinute: null,
      };
    const { id, name, role } = row;
    if (id === null || name === null || role === null) return undefined;
    // Once in a while is enough to prolong it.
    if (row.expires_at.getTime() - clock.nowMs() < SESSION_MS - DAY_MS)
      await db
        .updateTable('console_sessions')
        .set({ expires_at: expiry() })
        .where('token_sha256', '=', hash)
        .execute();
    noteUse(db, id);
    return { id, name, role, requestsPerMinute: row.requests_per_minute };
  };

  const make = async (
    of: { key_id: string } | { key_id: null; subject: string; name: string; role: KeyRole },
    until: Date,
  ): Promise<string> => {
    const token = randomBytes(32).toString('base64url');
    await db.deleteFrom('console_sessions').where('expires_at', '<', clock.now()).execute();
    await db
      .insertInto('console_sessions')
      .values({ token_sha256: digest(token), ...of, expires_at: until })
      .execute();
    return token;
  };

  return {
    open: (keyId) => make({ key_id: keyId }, expiry()),
    openFor: (person, until) => make({ key_id: null, ...person }, until),
    check: async (token) => {
      const hash = digest(token);
      const name = hash.toString('base64');
      const known = remembered.get(name);
      if (known !== undefined) return known.key;
      try {
        const key = await read(hash);
        remembered.set(name, { key });
        return key;
      } catch (thrown) {
        // As for keys: while the database is away, what was known last counts.
        const last = remembered.get(name, { allowStale: true });
        if (last === undefined || !isConnectionLost(thrown)) throw thrown;
        return last.key;
      }
    },
    close: async (token) => {
      const hash = digest(token);
      remembered.delete(hash.toString('base64'));
      await db.deleteFrom('console_sessions').where('token_sha256', '=', hash).execute();
    },
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
