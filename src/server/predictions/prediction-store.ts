/**
 * Keeps what was predicted, off the request's path: predictions gather in memory and are written a few
 * hundred at a time. When the database cannot keep up the newest are dropped and counted, so that serving
 * never waits and memory stays bounded. A prediction that the database refuses for what it holds is dropped
 * too, since it would be refused for ever and hold up all others.
 */
import { sql } from 'kysely';
import { DAY_MS, HOUR_MS, SECOND_MS, withDeadline, type Clock } from '../../core/clock.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { explainFullDisk } from '../../core/var-dir.ts';
import { describeMissingPrediction, eraseFeedback } from '../../data/index.ts';
import { isUnstorable, PREPARED, type Db } from '../../db/index.ts';
import { keepUnwritten, takeUnwritten, type WaitingRow } from './unwritten.ts';

export interface StoredPrediction {
  id: string;
  createdAt: Date;
  title: string;
  description: string;
  request: Record<string, unknown>;
  response: Record<string, unknown>;
  copyText: string;
  confidenceScore: number;
  modelName: string;
  modelVersion: number;
  writer: string;
  requestId: string;
}

/** With the response as the JSON that was written for the answer: it is stored as it was sent. */
export type NewPrediction = Omit<StoredPrediction, 'response'> & { responseJson: string };

export interface PredictionStore {
  /** Takes its share of predictions by the sampling rate; never waits, never throws. */
  add(prediction: NewPrediction): void;
  /** Writes what is gathered. */
  flush(): Promise<void>;
  /** @throws AppError `not-found` */
  get(id: string): Promise<StoredPrediction>;
  /**
   * Deletes the prediction and the feedback on it, for later dataset versions too; that it was erased, and
   * which model made it, is kept as long as it would have been. @throws AppError `not-found`
   */
  erase(id: string): Promise<void>;
  close(): Promise<void>;
}

const FLUSH_EVERY_MS = SECOND_MS;
/** About a megabyte in one statement. */
const ROWS_PER_INSERT = 500;
const MAX_WAITING = 20_000;
const LAST_FLUSH_MS = 5 * SECOND_MS;

export function openPredictionStore(options: {
  db: Db;
  sampleRate: number;
  retentionDays: number;
  /** Where what cannot be written at the end is kept for the next start. */
  unwrittenFolder: string;
  /** Dropped for want of room, or refused by the database for what it holds. */
  onStored: (result: 'written' | 'dropped' | 'refused', predictions: number) => void;
  clock: Clock;
  log: Logger;
}): PredictionStore {
  const { db, sampleRate, retentionDays, unwrittenFolder, onStored, clock, log } = options;
  let waiting: WaitingRow[] = [];
  let inHand: WaitingRow[] = [];
  let writing: Promise<void> | undefined;
  let mayBeKept = true;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      inHand = waiting.splice(0, ROWS_PER_INSERT);
      try {
        await write(inHand);
      } catch (thrown) {
        waiting.unshift(...inHand);
        throw thrown;
      } finally {
        inHand = [];
      }
    }
    if (mayBeKept) await takeKept();
  };
  const takeKept = async (): Promise<void> => {
    const taken = await takeUnwritten(unwrittenFolder, async (rows) => {
      for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
        const some = rows.slice(at, at + ROWS_PER_INSERT);
        // One that was written all the same, and erased since, stays erased.
        const gone = await db
          .selectFrom('erased_predictions')
          .select('id')
          .where(
            'id',
            'in',
            some.map(({ id }) => id),
          )
          .execute();
        await write(some.filter(({ id }) => !gone.some((erased) => erased.id === id)));
      }
    });
    mayBeKept = false;
    if (taken > 0)
      log.info({ predictions: taken }, 'predictions that an earlier server could not store are stored');
  };
  /**
   * Rows from the head of those in hand; where some are refused, halves, until each that is refused stands
   * alone.
   */
  const write = async (rows: readonly WaitingRow[]): Promise<void> => {
    try {
      await insertAll(db, rows);
    } catch (thrown) {
      if (!isUnstorable(thrown)) throw thrown;
      if (rows.length > 1) {
        const middle = Math.ceil(rows.length / 2);
        await write(rows.slice(0, middle));
        await write(rows.slice(middle));
        return;
      }
      log.error(
        { err: toError(thrown), predictionId: rows[0]?.id },
        'PostgreSQL refuses what a prediction holds; it is not stored, and takes no feedback',
      );
      inHand = inHand.slice(1);
      onStored('refused', 1);
      return;
    }
    inHand = inHand.slice(rows.length);
    onStored('written', rows.length);
  };
  const flush = async (): Promise<void> => {
    writing ??= writeAll().finally(() => {
      writing = undefined;
    });
    await writing;
  };
  const flushQuietly = (): void => {
    flush().catch((thrown: unknown) =>
      log.warn(
        { err: toError(thrown), waiting: waiting.length },
        'predictions could not be stored; they are kept for the next try',
      ),
    );
  };
  const sweep = (): void => {
    const before = new Date(clock.nowMs() - retentionDays * DAY_MS);
    Promise.all([
      db.deleteFrom('predictions').where('created_at', '<', before).execute(),
      db.deleteFrom('erased_predictions').where('predicted_at', '<', before).execute(),
    ]).catch((thrown: unknown) => log.warn({ err: toError(thrown) }, 'old predictions could not be deleted'));
  };

  /** A row that is written meanwhile and kept as well is still one row. */
  const keep = async (rows: readonly WaitingRow[], reason: Error): Promise<void> => {
    if (rows.length === 0) return;
    const kept = await keepUnwritten(unwrittenFolder, rows).catch((thrown: unknown) => {
      log.error(
        { err: explainFullDisk(thrown, unwrittenFolder) ?? toError(thrown) },
        'predictions cannot be kept',
      );
      return 0;
    });
    const lost = rows.length - kept;
    if (lost > 0) onStored('dropped', lost);
    log[lost > 0 ? 'error' : 'warn'](
      { err: reason, kept, lost, folder: unwrittenFolder },
      `PostgreSQL took no more predictions before the end: ${kept} are kept for the next start, ${lost} are lost`,
    );
  };

  const flushTimer = setInterval(flushQuietly, FLUSH_EVERY_MS);
  const sweepTimer = setInterval(sweep, HOUR_MS);
  flushTimer.unref();
  sweepTimer.unref();
  sweep();

  return {
    add: (prediction) => {
      if (!isSampled(prediction.id, sampleRate)) return;
      if (waiting.length >= MAX_WAITING) return onStored('dropped', 1);
      waiting.push({ id: prediction.id, json: renderRow(prediction) });
    },
    flush,
    get: async (id) => {
      const inMemory = [...inHand, ...waiting].find((row) => row.id === id);
      if (inMemory !== undefined) return fromRow(parseRow(inMemory));
      const row = await db.selectFrom('predictions').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) throw notFound(id);
      return fromRow(row);
    },
    erase: async (id) => {
      await writing?.catch(() => undefined);
      const unwritten = waiting.find((row) => row.id === id);
      waiting = waiting.filter((row) => row.id !== id);
      const erased = await db.transaction().execute(async (trx) => {
        await eraseFeedback(trx, id);
        const row = await trx
          .deleteFrom('predictions')
          .where('id', '=', id)
          .returning(['id', 'created_at', 'model_name', 'model_version'])
          .executeTakeFirst();
        const gone = row ?? (unwritten && parseRow(unwritten));
        if (gone === undefined) return false;
        const { created_at: predicted_at, model_name, model_version } = gone;
        await trx
          .insertInto('erased_predictions')
          .values({ id, predicted_at, erased_at: clock.now(), model_name, model_version })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        return true;
      });
      if (!erased) throw notFound(id);
    },
    close: async () => {
      clearInterval(flushTimer);
      clearInterval(sweepTimer);
      const late = `PostgreSQL has taken no predictions for ${LAST_FLUSH_MS / SECOND_MS} seconds`;
      await withDeadline(flush(), LAST_FLUSH_MS, late).catch((thrown: unknown) =>
        keep([...inHand, ...waiting], toError(thrown)),
      );
    },
  };
}

function notFound(id: string): AppError {
  return new AppError('not-found', describeMissingPrediction(id));
}

/** A function of the id alone, so that it can still be told later. */
export function isSampled(id: string, sampleRate: number): boolean {
  return sampleRate >= 1 || sampleShare(id) < sampleRate;
}

/** Uniform in [0, 1). */
function sampleShare(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16) / 2 ** 32;
}

type Row = Awaited<ReturnType<typeof selectOne>>;
const selectOne = (db: Db) => db.selectFrom('predictions').selectAll().executeTakeFirstOrThrow();

/**
 * One parameter for all rows: as a parameter each, five hundred rows take the event loop ten times as long.
 */
async function insertAll(db: Db, rows: readonly WaitingRow[]): Promise<void> {
  await sql`${PREPARED}
    INSERT INTO predictions (id, created_at, title, description, request, response, copy_text, confidence_score,
      model_name, model_version, writer, request_id)
    SELECT * FROM json_to_recordset(${`[${rows.map(({ json }) => json).join(',')}]`}::json) AS row (
      id text, created_at timestamptz, title text, description text, request jsonb, response jsonb, copy_text text,
      confidence_score double precision, model_name text, model_version integer, writer text, request_id text)
    ON CONFLICT DO NOTHING`.execute(db);
}

function renderRow(prediction: NewPrediction): string {
  const { id, createdAt, title, description, request, copyText, confidenceScore, modelName } = prediction;
  const { modelVersion, writer, requestId, responseJson } = prediction;
  const row = {
    id,
    created_at: createdAt,
    title,
    description,
    request,
    copy_text: copyText,
    confidence_score: confidenceScore,
    model_name: modelName,
    model_version: modelVersion,
    writer,
    request_id: requestId,
  } satisfies Omit<Row, 'response'>;
  return `${JSON.stringify(row).slice(0, -1)},"response":${responseJson}}`;
}

function parseRow({ json }: WaitingRow): Row {
  const row = JSON.parse(json) as Omit<Row, 'created_at'> & { created_at: string };
  return { ...row, created_at: new Date(row.created_at) };
}

export function fromRow(row: Row): StoredPrediction {
  return {
    id: row.id,
    createdAt: row.created_at,
    title: row.title,
    description: row.description,
    request: row.request,
    response: row.response,
    copyText: row.copy_text,
    confidenceScore: row.confidence_score,
    modelName: row.model_name,
    modelVersion: row.model_version,
    writer: row.writer,
    requestId: row.request_id,
  };
}
