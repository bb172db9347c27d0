/** The servers of the bench, each with the seeded experiment, and how they are ended. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { sleep } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { entryPoint, packageRoot } from '../../src/core/paths.ts';
import type { Resources } from '../../src/core/resources.ts';
import { findRunningPostgres, openDatabase, openEmbeddedPostgres } from '../../src/db/index.ts';
import { readLogTail } from '../log-tail.ts';
import { startFlags } from '../start-flags.ts';
import { seedCopyloop, type Seed } from './seed-copyloop.ts';

const run = promisify(execFile);
const log = createSilentLogger();

export const scripts = path.join(packageRoot, 'bench', 'tracking');

export interface Opened {
  url: string;
  /** Id of the seeded experiment. */
  seeded: string;
  /** What is stopped with all that it started while another server is measured. */
  processes: number[];
}

/** As `npm start` starts it: compiled, with the same flags, and its log on. */
export async function openCopyloop(folder: string, resources: Resources, seed: Seed): Promise<Opened> {
  const database = await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 2, log });
  resources.add('database', database);
  const seeded = await seedCopyloop(database.db, seed);
  const port = await findFreePort();
  const { file, execArgv } = entryPoint(import.meta.url, '../../src/cli/main');
  const { file: logFile, handle: lines } = await openLog(folder, resources);
  const server = spawn(
    process.execPath,
    [...startFlags, ...execArgv, file, 'server', '--var', folder, '--port', String(port)],
    {
      stdio: ['ignore', lines.fd, lines.fd],
      cwd: folder,
      env: { ...process.env, DATABASE_URL: database.url },
    },
  );
  const url = await waitForServer(server, port, logFile, resources);
  return { url, seeded, processes: [...idOf(server), ...(await postgresOf(folder))] };
}

export async function openMlflowOnSqlite(
  python: string,
  folder: string,
  resources: Resources,
  runs: number,
): Promise<Opened> {
  return await openMlflow(python, folder, `sqlite:///${path.join(folder, 'mlflow.db')}`, resources, runs);
}

/** On a PostgreSQL of the same build and settings as ours. */
export async function openMlflowOnPostgres(
  python: string,
  folder: string,
  resources: Resources,
  runs: number,
): Promise<Opened> {
  const postgres = resources.add('postgres', await openEmbeddedPostgres({ varDir: folder, log }));
  const maintenance = new URL(postgres.url);
  maintenance.pathname = '/postgres';
  await execute(maintenance.href, 'CREATE DATABASE mlflow');
  maintenance.pathname = '/mlflow';
  const opened = await openMlflow(
    python,
    folder,
    maintenance.href.replace('postgres:', 'postgresql+psycopg2:'),
    resources,
    runs,
  );
  return { ...opened, processes: [...opened.processes, ...(await postgresOf(folder))] };
}

async function openMlflow(
  python: string,
  folder: string,
  uri: string,
  resources: Resources,
  runs: number,
): Promise<Opened> {
  const artifacts = path.join(folder, 'artifacts');
  await mkdir(artifacts);
  const seeding = await run(python, [path.join(scripts, 'seed_mlflow.py'), uri, artifacts, String(runs)]);
  if (uri.startsWith('postgresql')) await execute(uri.replace('+psycopg2', ''), 'VACUUM ANALYZE');
  const port = await findFreePort();
  const options = ['--backend-store-uri', uri, '--artifacts-destination', artifacts, '--host', '127.0.0.1'];
  const { file: logFile, handle } = await openLog(folder, resources);
  // A group of its own: the server starts workers, which end with it.
  const server = spawn(python, ['-m', 'mlflow', 'server', ...options, '--port', String(port)], {
    cwd: folder,
    stdio: ['ignore', handle.fd, handle.fd],
    detached: true,
  });
  const url = await waitForServer(server, port, logFile, resources);
  return { url, seeded: seeding.stdout.trim().split('\n').at(-1) ?? '', processes: idOf(server) };
}

async function openLog(folder: string, resources: Resources): Promise<{ file: string; handle: FileHandle }> {
  const file = path.join(folder, 'server.log');
  const handle = await open(file, 'w');
  resources.defer('log', () => handle.close());
  return { file, handle };
}

function idOf({ pid }: ChildProcess): number[] {
  return pid === undefined ? [] : [pid];
}

async function postgresOf(folder: string): Promise<number[]> {
  const running = await findRunningPostgres(folder);
  return running === undefined ? [] : [running.pid];
}

async function execute(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  await client.query(statement);
  await client.end();
}

async function waitForServer(
  server: ChildProcess,
  port: number,
  logFile: string,
  resources: Resources,
): Promise<string> {
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  resources.defer('server', async () => {
    if (server.exitCode === null && server.pid !== undefined) stop(server, server.pid);
    await exited;
  });
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline && server.exitCode === null) {
    const isUp = await fetch(`${url}/version`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) return url;
    await sleep(100);
  }
  const how =
    server.exitCode === null ? 'did not answer within two minutes' : `ended with ${server.exitCode}`;
  throw new Error(`${server.spawnargs.join(' ')} ${how}${await readLogTail(logFile)}`);
}

/** A process that leads a group is ended with its group. */
function stop(server: ChildProcess, pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    server.kill('SIGTERM');
  }
}

async function findFreePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
