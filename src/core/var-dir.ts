/** The local folder (`storage.varDir`), made and tried before anything relies on it. */
import { mkdir, mkdtemp, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, toError } from './errors.ts';

/** @throws AppError `invalid-config` naming the folder that is in the way */
export async function makeVarDir(varDir: string): Promise<void> {
  const reason = await findFaultOfFolder(varDir);
  if (reason !== undefined) {
    throw new AppError(
      'invalid-config',
      `the local folder ${path.resolve(varDir)} cannot be used: ${reason}; choose a folder that you may write, by --var, COPYLOOP_VAR_DIR or storage.varDir`,
    );
  }
}

const REFUSED_WRITES: Readonly<Record<string, string>> = {
  ENOSPC: 'is full (ENOSPC): make room there',
  EDQUOT: 'is full (EDQUOT): make room there',
  EROFS: 'is read-only (EROFS): see what it says of itself in the log of the system',
  EFBIG: 'takes no larger file (EFBIG): raise the limit of the process, or of the file system',
  EIO: 'fails (EIO): see what it says of itself in the log of the system',
};

/** A write that the disk refused, as an error that names the folder; undefined for any other error. */
export function explainFullDisk(thrown: unknown, folder: string): AppError | undefined {
  const reason = REFUSED_WRITES[(thrown as NodeJS.ErrnoException).code ?? ''];
  if (reason === undefined) return undefined;
  return new AppError('unavailable', `the disk of ${folder} ${reason}`, { cause: thrown });
}

/**
 * Makes the folder where there is none, and says in words why it cannot be written, or undefined when it can.
 *
 * Level by level and by trying: a recursive `mkdir` of Node never returns where the file system answers that
 * there is no such place (`/proc/x`), and permissions say nothing of that, nor of a read-only file system to
 * its administrator.
 */
export async function findFaultOfFolder(given: string): Promise<string | undefined> {
  const folder = path.resolve(given);
  const missing: string[] = [];
  let parent = folder;
  for (;;) {
    const kind = await kindOf(parent);
    if (kind === 'folder') break;
    if (kind !== 'nothing') return `${parent} ${kind}`;
    missing.unshift(parent);
    parent = path.dirname(parent);
  }
  for (const level of missing) {
    const refused = await refusalOf(mkdir(level), 'EEXIST');
    if (refused !== undefined) return `${path.dirname(level)} takes no folder (${refused})`;
  }
  const refused = await refusalOf(tryToWrite(folder));
  return refused === undefined ? undefined : `${folder} is not writable (${refused})`;
}

async function tryToWrite(folder: string): Promise<void> {
  await rmdir(await mkdtemp(path.join(folder, '.trial-')));
}

/** What stands at `place`, as the end of a sentence about it. */
async function kindOf(place: string): Promise<string> {
  try {
    return (await stat(place)).isDirectory() ? 'folder' : 'is a file';
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'nothing';
    return `cannot be read (${code ?? toError(thrown).message})`;
  }
}

async function refusalOf(attempt: Promise<unknown>, allowed?: string): Promise<string | undefined> {
  try {
    await attempt;
    return undefined;
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    return code !== undefined && code === allowed ? undefined : (code ?? toError(thrown).message);
  }
}
