/**
 * Keeps what attempts log with their run, beside the log of the process: lines are gathered and written a
 * batch at a time, so that no stage waits for PostgreSQL because it says something. A killed worker loses
 * those of its last half second.
 */
import { pino } from 'pino';
import type { Pool } from 'pg';
import type { Config } from '../../core/config/index.ts';
import { createSecretMask } from '../../core/config/index.ts';
import { toError } from '../../core/errors.ts';
import { REDACTED_KEYS, type Logger } from '../../core/log.ts';
import { renderFields } from '../../core/pretty-log.ts';
import { isJsonObject, type JsonObject } from '../../core/json-object.ts';
import { KEPT_LOG_LINES, writeLogLines, type LogLine, type WorkAttempt } from '../../queues/index.ts';

export interface AttemptLogs {
  /** A logger that writes where `log` does, and keeps its lines from `info` on with the attempt. */
  begin(attempt: WorkAttempt, log: Logger): Logger;
  /** Writes what is still to be written. */
  close(): Promise<void>;
}

interface Pending {
  attempt: WorkAttempt;
  lines: LogLine[];
}

const WRITE_EVERY_MS = 500;
const KEPT_FROM = 'info';
const MAX_MESSAGE_CHARS = 2000;
/** The attempt itself says these. */
const KNOWN_FIELDS = ['level', 'time', 'pid', 'hostname', 'role', 'run', 'stage', 'candidate'];

export function openAttemptLogs(pool: Pool, config: Config, log: Logger): AttemptLogs {
  const mask = createSecretMask(config);
  const pending = new Map<object, Pending>();
  let timer: NodeJS.Timeout | undefined;
  let writing = Promise.resolve();

  const writeAll = async (): Promise<void> => {
    const batches = [...pending.values()];
    pending.clear();
    for (const { attempt, lines } of batches) {
      await writeLogLines(pool, attempt, lines).catch((error: unknown) =>
        log.debug({ err: toError(error), stage: attempt.stage }, 'lines of an attempt could not be kept'),
      );
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(writeAll);
    return writing;
  };

  return {
    begin: (attempt, parent) => {
      let count = 0;
      const keep = (fields: JsonObject): void => {
        const entry = pending.get(attempt) ?? { attempt, lines: [] };
        pending.set(attempt, entry);
        entry.lines.push({ line: (count += 1), ...toLine(fields, mask) });
        if (entry.lines.length > KEPT_LOG_LINES) entry.lines.shift();
        timer ??= setTimeout(() => void flush(), WRITE_EVERY_MS);
      };
      return tee(parent, keep);
    },
    close: flush,
  };
}

/** A child whose lines go to `keep` as well; the process's own log gets those of its level alone. */
function tee(parent: Logger, keep: (fields: JsonObject) => void): Logger {
  const keptFrom = pino.levels.values[KEPT_FROM] ?? 0;
  const level = parent.levelVal > keptFrom ? KEPT_FROM : parent.level;
  const child = parent.child({}, { level, redact: [...REDACTED_KEYS] });
  const streams = child as unknown as Record<symbol, { write(json: string): void }>;
  const own = streams[pino.symbols.streamSym];
  streams[pino.symbols.streamSym] = {
    write: (json) => {
      const fields: unknown = JSON.parse(json);
      if (!isJsonObject(fields)) return;
      if (Number(fields['level']) >= parent.levelVal) own?.write(json);
      if (Number(fields['level']) >= keptFrom) keep(fields);
    },
  };
  return child;
}

function toLine(fields: JsonObject, mask: (text: string) => string): Omit<LogLine, 'line'> {
  const own = Object.fromEntries(Object.entries(fields).filter(([key]) => !KNOWN_FIELDS.includes(key)));
  const message = mask(renderFields(own));
  return {
    loggedAt: new Date(fields['time'] as string | number),
    level: pino.levels.labels[Number(fields['level'])] ?? '',
    message: message.length > MAX_MESSAGE_CHARS ? `${message.slice(0, MAX_MESSAGE_CHARS - 1)}…` : message,
  };
}
