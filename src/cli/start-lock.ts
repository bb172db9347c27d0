/**
 * One `copyloop start` per local folder. The lock is a PostgreSQL session's: it cannot outlive its process,
 * however that ends.
 */
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { Client } from 'pg';
import { AppError } from '../core/errors.ts';
import type { Closable } from '../core/resources.ts';
import { LOCK_KEYS } from '../db/index.ts';

/** @throws AppError `conflict` when another process holds the lock of this folder */
export async function takeStartLock(databaseUrl: string, varDir: string): Promise<Closable> {
  const folder = await realpath(varDir);
  const key = createHash('sha256').update(`${hostname()}:${folder}`).digest().readInt32BE(0);
  const client = new Client({ connectionString: databaseUrl, application_name: 'copyloop start' });
  // A lost connection loses the lock; the process goes on, since stopping it would help nobody.
  client.on('error', () => undefined);
  await client.connect();
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS taken', [
    LOCK_KEYS.start,
    key,
  ]);
  if (rows[0]?.taken !== true) {
    await client.end();
    throw new AppError(
      'conflict',
      `copyloop already runs on ${folder}: use that one, stop it, or start another with --var DIR --port N`,
    );
  }
  return { close: async () => await client.end() };
}
