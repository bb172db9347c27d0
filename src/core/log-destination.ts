/**
 * Where log lines go, so that no request ever fails for its log: while lines cannot be written (a full disk)
 * they wait in a bounded memory, what does not fit is counted, one line on standard error tells of it, and
 * whatever waits is written once there is room again.
 */
import { writeSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { DAY_MS, HOUR_MS } from './clock.ts';
import { toError } from './errors.ts';

/** How the log fares; one object a process, for its metrics. */
export interface LogHealth {
  /** Lines cannot be written at the moment. */
  isFailing: boolean;
  /** Lines lost since the process began. */
  droppedLines: number;
}

export interface LogDestination {
  write(line: string): void;
  /** Where the lines go, for people. */
  name: string;
}

/** A few thousand lines. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** `destination`: a file descriptor or a file, which is never rotated. */
export function createDestination(destination: string | number, health: LogHealth): LogDestination {
  const name = typeof destination === 'number' ? `file descriptor ${destination}` : path.resolve(destination);
  const out = pino.destination({
    dest: destination,
    mkdir: true,
    sync: true,
    maxLength: MAX_WAITING_BYTES,
  });
  return guard(out, name, health);
}

/**
 * The files `<folder>/<role>.<date>.<number>.log`: the next one is begun at `maxFileBytes` and every day, and
 * `maxFiles` of a role are kept. Files of any role that were last written more than `maxAgeDays` ago are
 * deleted, at the start and then every hour. Several processes may write to one folder: each appends whole
 * lines, and each moves on by itself. Where no file can be opened the lines go to standard error.
 */
export async function openRotatingFile(
  options: { folder: string; role: string; maxFileBytes: number; maxFiles: number; maxAgeDays: number },
  health: LogHealth,
): Promise<LogDestination> {
  const { folder, role, maxFileBytes, maxFiles, maxAgeDays } = options;
  try {
    // Not before there is a file: it loads some hundred modules.
    const { default: roll } = await import('pino-roll');
    const out = await roll({
      file: path.join(folder, role),
      extension: '.log',
      dateFormat: 'yyyy-MM-dd',
      frequency: 'daily',
      size: `${maxFileBytes}b`,
      // Whatever its documentation says, the file in use is one of them where it counts others', too.
      limit: { count: maxFiles, removeOtherLogFiles: true },
      mkdir: true,
      sync: true,
      maxLength: MAX_WAITING_BYTES,
    });
    await deleteOld(folder, maxAgeDays);
    setInterval(() => void deleteOld(folder, maxAgeDays), HOUR_MS).unref();
    return guard(out, folder, health);
  } catch (thrown) {
    say(`the log in ${folder} cannot be opened (${toError(thrown).message}): its lines stand here instead`);
    return createDestination(2, health);
  }
}

/**
 * What another process deletes at the same time, or may not be deleted, is passed over: a log never stands in
 * the way.
 */
async function deleteOld(folder: string, maxAgeDays: number): Promise<void> {
  const before = Date.now() - maxAgeDays * DAY_MS;
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.endsWith('.log'))) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < before) await rm(file, { force: true }).catch(() => undefined);
  }
}

type Stream = ReturnType<typeof pino.destination>;

function guard(out: Stream, name: string, health: LogHealth): LogDestination {
  out.on('error', (error: Error) => {
    if (health.isFailing) return;
    health.isFailing = true;
    say(
      `the log in ${name} cannot be written (${error.message}); everything else goes on. ` +
        `Up to ${MAX_WAITING_BYTES / 1024} KiB of lines wait in memory, later ones are lost: make room there`,
    );
  });
  out.on('drop', () => {
    health.droppedLines += 1;
  });
  out.on('write', () => {
    if (!health.isFailing) return;
    health.isFailing = false;
    say(`the log in ${name} is written again; ${health.droppedLines} lines were lost so far`);
  });
  return { name, write: (line) => void out.write(line) };
}

/** Straight to standard error, since the log is what does not work. */
function say(text: string): void {
  try {
    writeSync(2, `copyloop: ${text}\n`);
  } catch {
    // Nobody can be told.
  }
}
