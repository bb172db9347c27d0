/**
 * The embedded PostgreSQL: a real server whose files lie under `<varDir>/postgres`, shared by every copyloop
 * process of that folder.
 *
 * The process that starts it owns it and stops it when it closes. If the owner is killed the server goes on;
 * the next process finds it through postmaster.pid, uses it, and takes over the ownership, so that nothing is
 * left behind in the end. If the server ends under its owner, the owner starts it again at the same address.
 */
import { spawn } from 'node:child_process';
import { chown, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sleep } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { isAlive } from '../../core/is-alive.ts';
import { randomSlug } from '../../core/ids.ts';
import { pathExists } from '../../core/path-exists.ts';
import type { Logger } from '../../core/log.ts';
import { ensurePostgresAccount, findClosedParent, type Account } from './account.ts';
import { findPostgresBinaries } from './binaries.ts';
import { keepRunning } from './keep-running.ts';
import { choosePort, isFreePort } from './port.ts';
import { readPostmaster, type Postmaster } from './postmaster.ts';

export interface EmbeddedServer {
  /** Connection string of the database `copyloop` as its owner. */
  url: string;
  /** Whether this process stops the server when it closes. */
  owned: boolean;
  close(): Promise<void>;
}

const USER = 'copyloop';
const START_TIMEOUT_MS = 60_000;
/** A shutdown writes all that is dirty first, which a slow disk draws out. */
const STOP_TIMEOUT_MS = 120_000;

/**
 * Uses the server of `varDir`, starting it (and creating its files) when none runs.
 * @throws AppError `unavailable` with the remedy when it cannot run here
 */
export async function openEmbeddedPostgres(options: {
  varDir: string;
  log: Logger;
}): Promise<EmbeddedServer> {
  const { log } = options;
  const home = path.resolve(options.varDir, 'postgres');
  const dataDir = path.join(home, 'data');
  const logFile = path.join(home, 'server.log');
  const account = await ensurePostgresAccount();
  await mkdir(home, { recursive: true });
  if (account !== undefined) await openToAccount(home, account);

  await initialise(dataDir, home, account, log);
  let postmaster = await readPostmaster(dataDir);
  if (postmaster === undefined) await launch(dataDir, logFile, account, await choosePort(home));
  postmaster = await waitUntilReady(dataDir, logFile);
  const { port } = postmaster;

  const owned = await takeOwnership(home);
  const password = (await readFile(path.join(home, 'password'), 'utf8')).trim();
  const keeper = owned
    ? keepRunning({
        log,
        isRunning: async () => (await readPostmaster(dataDir, { trusted: true })) !== undefined,
        restart: async (signal) => {
          if (!(await isFreePort(port)))
            throw new AppError(
              'unavailable',
              `port ${port}, at which this process looks for the embedded PostgreSQL, is taken by another program: free it, or restart copyloop`,
            );
          await launch(dataDir, logFile, account, port);
          await waitUntilReady(dataDir, logFile, signal);
        },
      })
    : undefined;
  log.debug({ port, pid: postmaster.pid, owned }, 'embedded PostgreSQL is ready');
  return {
    url: addressOf(postmaster, password),
    owned,
    close: async () => {
      if (keeper === undefined) return;
      await keeper.close();
      await stop(dataDir);
      await rm(path.join(home, 'owner.pid'), { force: true });
    },
  };
}

/** By its Unix socket where it has one, which takes a fifth off the time of a small statement. */
function addressOf({ port, socketFolder }: Postmaster, password: string): string {
  const socket = socketFolder === undefined ? '' : `?host=${encodeURIComponent(socketFolder)}`;
  return `postgres://${USER}:${password}@127.0.0.1:${port}/copyloop${socket}`;
}

/**
 * The kernel takes 107 bytes (103 on macOS) for `<folder>/.s.PGSQL.<port>`, and Node has no Unix sockets on
 * Windows.
 */
function fitsSocket(folder: string): boolean {
  return process.platform !== 'win32' && !folder.includes('"') && Buffer.byteLength(folder) <= 85;
}

/** The embedded server of `varDir` if one runs, without starting or changing anything. */
export async function findRunningPostgres(varDir: string): Promise<Postmaster | undefined> {
  return await readPostmaster(path.resolve(varDir, 'postgres', 'data'));
}

async function openToAccount(home: string, account: Account): Promise<void> {
  const closed = await findClosedParent(home, account);
  if (closed !== undefined) {
    throw new AppError(
      'unavailable',
      `as root, PostgreSQL runs as the user postgres, which may not enter ${closed}: choose another folder (COPYLOOP_VAR_DIR=/var/lib/copyloop), run "chmod o+x ${closed}", or start copyloop as another user`,
    );
  }
  await chown(home, account.uid, account.gid);
}

/**
 * Creates the cluster in a folder beside its place and renames it, so that an interrupted initdb is never
 * taken for a whole one.
 */
async function initialise(
  dataDir: string,
  home: string,
  account: Account | undefined,
  log: Logger,
): Promise<void> {
  if (await pathExists(path.join(dataDir, 'PG_VERSION'))) return;
  log.info({ dataDir }, 'creating the embedded PostgreSQL');
  const { initdb } = await findPostgresBinaries();
  const passwordFile = path.join(home, 'password');
  const draft = path.join(home, `data.draft-${randomSlug(6)}`);
  if (!(await pathExists(passwordFile)))
    await writeFile(passwordFile, `${randomSlug(32)}\n`, { mode: 0o600, flag: 'wx' });
  if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
  const flags = [
    `--pgdata=${draft}`,
    `--username=${USER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // Compares and sorts by code point, and knows the letters of all languages: with C alone ILIKE knows
    // those of ASCII.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  const { code, output } = await runToEnd(initdb, [...flags, '--no-instructions'], home, account);
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true });
    throw new AppError(
      'unavailable',
      `initdb failed with exit code ${code}: ${output.trim().split('\n').at(-1) ?? ''}`,
    );
  }
  // Another process may have been as quick: the loser's cluster goes.
  await rename(draft, dataDir).catch(async (error: unknown) => {
    await rm(draft, { recursive: true, force: true });
    if (!(await pathExists(path.join(dataDir, 'PG_VERSION')))) throw error;
  });
}

async function launch(
  dataDir: string,
  logFile: string,
  account: Account | undefined,
  port: number,
): Promise<void> {
  const { postgres } = await findPostgresBinaries();
  const home = path.dirname(dataDir);
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: fitsSocket(home) ? `"${home}"` : '',
    max_connections: '200',
    shared_buffers: '64MB',
    max_wal_size: '512MB',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = await open(logFile, 'a', 0o644);
  try {
    // Detached: a Ctrl-C in the terminal reaches the whole process group, and the server must outlive the
    // drain.
    const child = spawn(postgres, ['-D', dataDir, '-p', String(port), ...flags], {
      cwd: home,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      ...account,
    });
    child.on('error', () => undefined);
    child.unref();
  } finally {
    await log.close();
  }
}

async function waitUntilReady(dataDir: string, logFile: string, signal?: AbortSignal): Promise<Postmaster> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let seenAlive = false;
  for (;;) {
    const postmaster = await readPostmaster(dataDir);
    if (postmaster?.ready === true) return postmaster;
    if (seenAlive && postmaster === undefined) break;
    seenAlive ||= postmaster !== undefined;
    if (Date.now() > deadline) break;
    await sleep(20, signal);
  }
  const tail = await readFile(logFile, 'utf8').then(
    (text) => text.trim().split('\n').slice(-3).join(' | '),
    () => 'no log',
  );
  throw new AppError('unavailable', `the embedded PostgreSQL did not start (${logFile}: ${tail})`);
}

/** True when no living process owns the server: this one does from now on. */
async function takeOwnership(home: string): Promise<boolean> {
  const file = path.join(home, 'owner.pid');
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return true;
    } catch {
      const owner = Number(await readFile(file, 'utf8').catch(() => '0'));
      if (owner === process.pid || (owner > 0 && isAlive(owner))) return false;
      await rm(file, { force: true });
    }
  }
}

/** SIGINT is PostgreSQL's fast shutdown: clients are cut off, nothing committed is lost. */
async function stop(dataDir: string): Promise<void> {
  const postmaster = await readPostmaster(dataDir);
  if (postmaster === undefined) return;
  process.kill(postmaster.pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(postmaster.pid) && (await readPostmaster(dataDir)) !== undefined) {
    if (Date.now() > deadline)
      throw new AppError('unavailable', `the embedded PostgreSQL (pid ${postmaster.pid}) did not stop`);
    await sleep(20);
  }
}

async function runToEnd(
  program: string,
  args: string[],
  cwd: string,
  account: Account | undefined,
): Promise<{ code: number; output: string }> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], ...account });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}
