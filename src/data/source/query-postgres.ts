/**
 * Rows of a query, through a cursor in a transaction that can only read: what the query would write is
 * refused by the server, and one page of rows is in memory at a time.
 */
import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import type { Config } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { SourceRow, SourceTable } from '../format/table.ts';

const ROWS_AT_ONCE = 1000;

type Options = Pick<Config['data']['source'], 'databaseUrlFile' | 'query' | 'timeoutMs'>;

/** Nothing is opened before rows are read. */
export function queryPostgres(
  { databaseUrlFile, query, timeoutMs }: Options,
  signal: AbortSignal | undefined,
): SourceTable {
  async function* read(): AsyncGenerator<SourceRow> {
    const client = new Client({
      connectionString: await readUrl(databaseUrlFile ?? ''),
      connectionTimeoutMillis: timeoutMs,
      options: '-c default_transaction_read_only=on',
      application_name: 'copyloop',
    });
    // An error on an idle connection is told by the next query.
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
      // One statement alone: in the simple protocol a second one could end the transaction and write.
      const text = `DECLARE copyloop_rows NO SCROLL CURSOR FOR ${query ?? ''}`;
      await client.query({ text, queryMode: 'extended' } as { text: string });
      let line = 0;
      for (;;) {
        signal?.throwIfAborted();
        const { rows } = await client.query<Record<string, unknown>>(
          `FETCH ${ROWS_AT_ONCE} FROM copyloop_rows`,
        );
        for (const row of rows) yield { line: (line += 1), values: toPlain(row) };
        if (rows.length < ROWS_AT_ONCE) return;
      }
    } catch (thrown) {
      throw describe(thrown);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return {
    layout: {
      format: 'records',
      encoding: 'utf-8',
      delimiter: null,
      quote: null,
      headerLine: null,
      ignoredLines: [],
      marks: ['PostgreSQL'],
    },
    read,
  };
}

async function readUrl(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AppError(
      'not-found',
      `data.source.databaseUrlFile cannot be read (${toError(cause).message}): it holds the address of the database`,
      { cause },
    );
  });
  const url = text.trim();
  if (/^postgres(?:ql)?:\/\//u.test(url)) return url;
  throw new AppError(
    'invalid-config',
    `${file} holds no address such as postgres://user:password@host/database`,
  );
}

function toPlain(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => [
      column,
      value instanceof Date ? value.toISOString() : Buffer.isBuffer(value) ? null : value,
    ]),
  );
}

/** 25006: read only; 42601: no such statement behind a cursor; 0A000: writes inside WITH. */
const WRITES = new Set(['25006', '0A000']);

function describe(thrown: unknown): unknown {
  if (thrown instanceof AppError) return thrown;
  const { code, message } = toError(thrown) as Error & { code?: string };
  if (code === undefined || !/^[0-9A-Z]{5}$/u.test(code))
    return new AppError('unavailable', `the database of data.source cannot be asked: ${message}`, {
      cause: thrown,
    });
  if (/^(?:08|57|53)/u.test(code))
    return new AppError('unavailable', `the database of data.source is away: ${message}`, { cause: thrown });
  if (code.startsWith('28'))
    return new AppError('forbidden', `the database of data.source: ${message}`, { cause: thrown });
  const reason = WRITES.has(code)
    ? `would write, and only reading is allowed: ${message}`
    : `is refused: ${message}. It must be one SELECT`;
  return new AppError('invalid-input', `data.source.query ${reason}`, {
    cause: thrown,
    details: { field: 'query' },
  });
}
