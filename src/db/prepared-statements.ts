/**
 * Statements that are planned once per connection: those that begin with `PREPARED`. Planning the larger
 * writes takes PostgreSQL longer than running them. Only for statements whose best plan does not hang on
 * their parameters, since the plan is kept.
 */
import { createHash } from 'node:crypto';
import { CompiledQuery, sql, type Kysely, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { explainConnectionLost } from './connection-lost.ts';
import type { Schema } from './schema.ts';

const MARK = '/* prepared */';

/** To stand first in a statement. */
export const PREPARED = sql.raw(MARK);

/**
 * A prepared statement whose text is written once, with `$1` for its first value, and not put together anew
 * for each call.
 */
export function prepare<Row>(
  text: string,
): (db: Kysely<Schema>, values: readonly unknown[]) => Promise<Row[]> {
  const marked = MARK + text;
  return async (db, values) =>
    (await db.executeQuery<Row>(CompiledQuery.raw(marked, values as unknown[]))).rows;
}

/** A `text[]` as PostgreSQL reads it, without the walk of `pg` over each character. */
export function textArray(values: readonly string[]): string {
  return `{${values.map(quote).join(',')}}`;
}

/** A numeric array; NaN and the infinities are written as PostgreSQL reads them. */
export function numberArray(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

function quote(value: string): string {
  return `"${/["\\]/.test(value) ? value.replaceAll(/["\\]/g, String.raw`\$&`) : value}"`;
}

/** The pool as Kysely's dialect sees it. */
export function withPreparedStatements(pool: Pool): PostgresPool {
  const names = new Map<string, string>();
  const nameOf = (text: string): string => {
    let name = names.get(text);
    if (name === undefined) {
      name = createHash('sha256').update(text).digest('base64url').slice(0, 20);
      names.set(text, name);
    }
    return name;
  };
  // Kysely keeps its own connection object for each client it was given.
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();
  const wrap = (client: PoolClient): PostgresPoolClient => {
    const known = wrapped.get(client);
    if (known !== undefined) return known;
    const query = async (text: string, values: readonly unknown[]) => {
      try {
        return text.startsWith(MARK)
          ? await client.query({ name: nameOf(text), text, values: [...values] })
          : await client.query(text, [...values]);
      } catch (thrown) {
        throw explainConnectionLost(thrown);
      }
    };
    const fresh = { query, release: () => client.release() } as unknown as PostgresPoolClient;
    wrapped.set(client, fresh);
    return fresh;
  };
  return { connect: async () => wrap(await pool.connect()), end: () => pool.end() };
}
