/** What PostgreSQL itself writes about a running server: postmaster.pid in its data folder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** The server that runs on this data folder, or undefined. A file left by a server that died counts as none. */
export async function readPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  // Lines: pid, data folder, start time, port, socket folder, listen address, shared memory, status (PostgreSQL's pidfile.h).
  const lines = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  );
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
