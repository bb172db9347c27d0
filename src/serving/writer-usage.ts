/**
 * What language models were asked and what it cost, by day, brand and job. It is added up in memory and
 * written once a second, so that writing never waits for the database.
 */
import { sql } from 'kysely';
import { SECOND_MS, type Clock } from '../core/clock.ts';
import { toError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { WriterNote } from '../copy/index.ts';
import type { Db } from '../db/index.ts';

export interface UsageBook {
  add(note: WriterNote, of: { brand: string | undefined; jobId: string | undefined }): void;
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface UsageRow {
  day: string;
  writer: string;
  model: string;
  brand: string;
  job_id: string;
  currency: string;
  requests: number;
  uncounted: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  cost: number;
}

export function openUsageBook(db: Db, clock: Clock, log: Pick<Logger, 'warn'>): UsageBook {
  let waiting = new Map<string, UsageRow>();
  let writing: Promise<void> | undefined;

  const add = (row: UsageRow): void => {
    const key = [row.day, row.writer, row.model, row.brand, row.job_id, row.currency].join('\0');
    const known = waiting.get(key);
    waiting.set(key, known === undefined ? row : sum(known, row));
  };
  const write = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const rows = [...waiting.values()];
    waiting = new Map();
    try {
      await sql`
        INSERT INTO writer_usage AS known
        SELECT * FROM json_populate_recordset(NULL::writer_usage, ${JSON.stringify(rows)}::json)
        ON CONFLICT (day, writer, model, brand, job_id, currency) DO UPDATE SET
          requests = known.requests + excluded.requests, uncounted = known.uncounted + excluded.uncounted,
          prompt_tokens = known.prompt_tokens + excluded.prompt_tokens,
          cached_tokens = known.cached_tokens + excluded.cached_tokens,
          completion_tokens = known.completion_tokens + excluded.completion_tokens,
          cost = known.cost + excluded.cost`.execute(db);
    } catch (thrown) {
      for (const row of rows) add(row);
      throw thrown;
    }
  };
  const flush = async (): Promise<void> => {
    writing = (writing ?? Promise.resolve()).catch(() => undefined).then(write);
    await writing;
  };
  const timer = setInterval(() => {
    flush().catch((thrown: unknown) =>
      log.warn(
        { err: toError(thrown) },
        'what writers spent could not be stored; it is kept for the next try',
      ),
    );
  }, SECOND_MS);
  timer.unref();

  return {
    add: (note, { brand = '', jobId = '' }) =>
      add({
        day: clock.now().toISOString().slice(0, 10),
        writer: note.writer,
        model: note.model ?? '',
        brand,
        job_id: jobId,
        currency: note.currency ?? '',
        requests: 1,
        uncounted: note.isCounted ? 0 : 1,
        prompt_tokens: note.promptTokens,
        cached_tokens: note.cachedTokens,
        completion_tokens: note.completionTokens,
        cost: note.cost ?? 0,
      }),
    flush,
    close: async () => {
      clearInterval(timer);
      await flush().catch((thrown: unknown) =>
        log.warn({ err: toError(thrown) }, 'what writers spent at the end could not be stored'),
      );
    },
  };
}

function sum(a: UsageRow, b: UsageRow): UsageRow {
  return {
    ...a,
    requests: a.requests + b.requests,
    uncounted: a.uncounted + b.uncounted,
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    cached_tokens: a.cached_tokens + b.cached_tokens,
    completion_tokens: a.completion_tokens + b.completion_tokens,
    cost: a.cost + b.cost,
  };
}

/** Newest day first. @param of what is asked for; of everything where it is left out */
export async function readUsage(
  db: Db,
  of: { brand?: string | undefined; job?: string | undefined; since?: string | undefined; limit: number },
): Promise<UsageRow[]> {
  const { brand = null, job = null, since = null, limit } = of;
  const { rows } = await sql<UsageRow>`
    SELECT to_char(day, 'YYYY-MM-DD') AS day, writer, model, brand, job_id, currency, requests::float8 AS requests,
      uncounted::float8 AS uncounted, prompt_tokens::float8 AS prompt_tokens, cached_tokens::float8 AS cached_tokens,
      completion_tokens::float8 AS completion_tokens, cost::float8 AS cost
    FROM writer_usage
    WHERE (${brand}::text IS NULL OR brand = ${brand} OR split_part(brand, '@', 1) = ${brand})
      AND (${job}::text IS NULL OR job_id = ${job}) AND (${since}::date IS NULL OR day >= ${since}::date)
    ORDER BY writer_usage.day DESC, writer, model, brand, job_id LIMIT ${limit}`.execute(db);
  return rows;
}
