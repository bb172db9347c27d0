/** What PostgreSQL itself writes about a running server: postmaster.pid in its data folder. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { isAlive } from '../../core/is-alive.ts';

export interface Postmaster {
  pid: number;
  port: number;
  /** Folder of its Unix socket; undefined where it has none. */
  socketFolder: string | undefined;
  ready: boolean;
}

/**
 * The server that runs on this data folder, or undefined. A file left by a server that died counts as none,
 * also where its process id has gone to another program since: a server that calls itself ready must take
 * connections, unless it is `trusted`.
 */
export async function readPostmaster(
  dataDir: string,
  { trusted = false }: { trusted?: boolean } = {},
): Promise<Postmaster | undefined> {
  // Lines: pid, data folder, start time, port, socket folder, listen address, shared memory, status
  // (PostgreSQL's pidfile.h).
  const lines = await readFile(path.join(dataDir, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  );
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined;
  const port = Number(lines[3] ?? 0);
  const ready = lines[7]?.trim() === 'ready';
  if (ready && !trusted && !(await acceptsConnections(port))) return undefined;
  return { pid, port, socketFolder: lines[4]?.trim() || undefined, ready };
}

async function acceptsConnections(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
