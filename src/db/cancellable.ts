/** Queries on behalf of somebody who may hang up: they end with their caller, not when PostgreSQL is done. */
import { sql, type RawBuilder } from 'kysely';
import { sleep } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { randomSlug } from '../core/ids.ts';
import { codeOf } from './error-code.ts';
import type { Db } from './open-database.ts';

/** SQLSTATE of a statement that was cancelled, by somebody or by statement_timeout. */
const QUERY_CANCELED = '57014';
/** A query may wait for its connection when its caller leaves, so one look is not enough. */
const LOOK_AGAIN_MS = 200;

/**
 * The rows of `query`. When `signal` is aborted PostgreSQL is told to stop it. The query begins with a
 * comment of its own, by which it is
 * found among what runs: asking for the connection's id first would cost every query a round trip.
 * @throws AppError `cancelled` when the signal was aborted
 */
export async function executeUntil<Row>(
  db: Db,
  query: RawBuilder<Row>,
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  if (signal === undefined) return (await query.execute(db)).rows;
  if (signal.aborted) throw hungUp(signal.reason);
  const mark = `/* copyloop ${randomSlug(12)} */`;
  let hasEnded = false;
  const cancel = async (): Promise<void> => {
    while (!hasEnded) {
      await sql`SELECT pg_cancel_backend(pid) FROM pg_stat_activity
        WHERE pid <> pg_backend_pid() AND state = 'active' AND starts_with(query, ${mark})`
        .execute(db)
        // The server may be gone, and with it the query.
        .catch(() => undefined);
      if (!hasEnded) await sleep(LOOK_AGAIN_MS);
    }
  };
  const onAbort = (): void => void cancel();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return (await sql<Row>`${sql.raw(mark)} ${query}`.execute(db)).rows;
  } catch (thrown) {
    throw signal.aborted && codeOf(thrown) === QUERY_CANCELED ? hungUp(thrown) : thrown;
  } finally {
    hasEnded = true;
    signal.removeEventListener('abort', onAbort);
  }
}

/** In words for whoever asked, that a statement took longer than it may; undefined for any other error. */
export function describeTimeout(error: unknown): string | undefined {
  if (codeOf(error) !== QUERY_CANCELED) return undefined;
  return 'the database took longer for this than one statement may (storage.statementTimeoutMs): ask for less at once, or raise it';
}

function hungUp(cause: unknown): AppError {
  return new AppError('cancelled', 'the caller hung up before the query was done', { cause });
}
