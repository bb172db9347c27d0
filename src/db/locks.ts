/**
 * Advisory locks that all processes of a database share. Each is held on a connection of its own: one from
 * the pool would be missing to what is done under the lock, and enough callers that wait for it would hold
 * every connection that the holder needs to come to its end.
 */
import { Client, type DatabaseError } from 'pg';
import { AppError, toError } from '../core/errors.ts';

/** A number, or a number and a name: the two kinds never meet. */
export type LockKey = number | readonly [space: number, name: string];

export interface Locks {
  /**
   * Runs `body` while nobody else holds the lock.
   * @throws AppError `too-busy` when it does not become free in time, `unavailable` without PostgreSQL, and
   *   whatever `body` throws
   */
  hold<T>(key: LockKey, body: () => Promise<T>): Promise<T>;
  /** Runs `body` if nobody holds the lock, and says whether it did. */
  tryHold(key: LockKey, body: () => Promise<void>): Promise<boolean>;
}

const WAIT_MS = 15_000;
const LOCK_NOT_AVAILABLE = '55P03';

export function createLocks(url: string, { waitMs = WAIT_MS }: { waitMs?: number } = {}): Locks {
  // Callers of this process line up here, so that a lock takes one connection of the server however many wait
  // for it.
  const lines = new Map<string, Promise<void>>();
  const lineUp = async (key: LockKey): Promise<() => void> => {
    const name = String(key);
    const before = lines.get(name) ?? Promise.resolve();
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    const line = before.then(() => left);
    lines.set(name, line);
    void line.then(() => lines.get(name) === line && lines.delete(name));
    if (await settlesWithin(before, waitMs)) return leave;
    leave();
    throw notFree(key, waitMs);
  };

  return {
    hold: async (key, body) => {
      const leave = await lineUp(key);
      try {
        return await onConnection(url, waitMs, async (client) => {
          await client.query(`SET lock_timeout = ${waitMs}`);
          await client.query(`SELECT pg_advisory_lock(${parameters(key)})`, values(key)).catch((cause) => {
            throw (cause as DatabaseError).code === LOCK_NOT_AVAILABLE ? notFree(key, waitMs, cause) : cause;
          });
          return await body();
        });
      } finally {
        leave();
      }
    },
    tryHold: async (key, body) =>
      await onConnection(url, waitMs, async (client) => {
        const { rows } = await client.query<{ taken: boolean }>(
          `SELECT pg_try_advisory_lock(${parameters(key)}) AS taken`,
          values(key),
        );
        if (rows[0]?.taken !== true) return false;
        await body();
        return true;
      }),
  };
}

/** The end of the connection frees what it holds. */
async function onConnection<T>(
  url: string,
  timeoutMs: number,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString: url,
    application_name: 'copyloop lock',
    connectionTimeoutMillis: timeoutMs,
  });
  // Without a listener a lost connection would end the process. What is done under the lock finds out by
  // itself.
  client.on('error', () => undefined);
  try {
    await client.connect().catch((cause: unknown) => {
      throw new AppError(
        'unavailable',
        `PostgreSQL gave no connection for a lock (${toError(cause).message}): try again once it answers`,
        { cause },
      );
    });
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function parameters(key: LockKey): string {
  return typeof key === 'number' ? '$1::bigint' : '$1::int, hashtext($2)';
}

function values(key: LockKey): (number | string)[] {
  return typeof key === 'number' ? [key] : [...key];
}

function notFree(key: LockKey, waitMs: number, cause?: unknown): AppError {
  const name = typeof key === 'number' ? String(key) : `${key[0]} of ${key[1]}`;
  return new AppError(
    'too-busy',
    `others have held the lock ${name} for ${waitMs / 1000} seconds: try again when they are done`,
    { cause, details: { retryAfterSeconds: 1 } },
  );
}

async function settlesWithin(promise: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
