/**
 * PostgreSQL refuses to run as root: there it runs as the system user `postgres`, which must be able to reach
 * its files.
 */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { AppError, toError } from '../../core/errors.ts';

const run = promisify(execFile);

export interface Account {
  uid: number;
  gid: number;
}

/**
 * The account to run PostgreSQL under: undefined where the current one will do, `missing` where root has yet
 * to add it.
 */
export async function findPostgresAccount(): Promise<Account | 'missing' | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  return await readAccount().catch(() => 'missing' as const);
}

/** As root, adds the system user `postgres` when it is missing. */
export async function ensurePostgresAccount(): Promise<Account | undefined> {
  const found = await findPostgresAccount();
  if (found !== 'missing') return found;
  try {
    await run('groupadd', ['--system', '--force', 'postgres']);
    await run('useradd', ['--system', '-g', 'postgres', 'postgres']);
    return await readAccount();
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `PostgreSQL does not run as root and the user postgres cannot be added (${toError(cause).message}): start copyloop as another user, or set DATABASE_URL`,
      { cause },
    );
  }
}

async function readAccount(): Promise<Account> {
  const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/**
 * The first folder on the way to `folder` that `account` may not enter, such as /root; undefined when all are
 * open.
 */
export async function findClosedParent(folder: string, account: Account): Promise<string | undefined> {
  const parents: string[] = [];
  for (let parent = path.resolve(folder); ; parent = path.dirname(parent)) {
    parents.unshift(parent);
    if (parent === path.dirname(parent)) break;
  }
  for (const parent of parents) {
    const info = await stat(parent).catch(() => undefined);
    if (info === undefined) return undefined;
    const bit = info.uid === account.uid ? 0o100 : info.gid === account.gid ? 0o010 : 0o001;
    if ((info.mode & bit) === 0) return parent;
  }
  return undefined;
}
