/**
 * Statements that are planned once per connection: those that begin with `PREPARED`. Planning the larger writes takes PostgreSQL longer than
 * running them. Only for statements whose best plan does not hang on their parameters, since the plan is kept.
 */
import { createHash } from 'node:crypto';
import { sql, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { Pool, PoolClient } from 'pg';

const MARK = '/* prepared */';

/** To stand first in a statement. */
export const PREPARED = sql.raw(MARK);

/** The pool as Kysely's dialect sees it. */
export function withPreparedStatements(pool: Pool): PostgresPool {
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    const name = names.get(text) ?? createHash('sha256').update(text).digest('base64url').slice(0, 20);
    names.set(text, name);
    return name;
  };
  // Kysely keeps its own connection object for each client it was given.
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();
  const wrap = (client: PoolClient): PostgresPoolClient => {
    const known = wrapped.get(client);
    if (known !== undefined) return known;
    const query = async (text: string, values: readonly unknown[]) =>
      text.startsWith(MARK)
        ? await client.query({ name: nameOf(text), text, values: [...values] })
        : await client.query(text, [...values]);
    const fresh = { query, release: () => client.release() } as unknown as PostgresPoolClient;
    wrapped.set(client, fresh);
    return fresh;
  };
  return { connect: async () => wrap(await pool.connect()), end: () => pool.end() };
}
