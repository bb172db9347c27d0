/**
 * An installation to be hurt: PostgreSQL, Redis where asked, one server and two workers as processes of their
 * own that are started again when they die, as an orchestrator does it.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { sleep } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createResources } from '../../src/core/resources.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';
import { spawnCommand, type Started } from './processes.ts';

export type Backend = 'postgres' | 'redis';

export interface Installation {
  url: string;
  database: Database;
  /** Pids to be hurt; undefined where there is none just now. */
  findVictim(kind: VictimKind): number | undefined;
  /** Fills the disk of the workers' and the server's local folders; undefined where none could be mounted. */
  fillDisk: (() => Promise<() => Promise<void>>) | undefined;
  /** What a process said last. */
  lastWords(): string;
  close(): Promise<void>;
}

export const VICTIM_KINDS = ['server', 'worker', 'training', 'postgres', 'redis'] as const;
export type VictimKind = (typeof VICTIM_KINDS)[number];

const DISK_MIB = 96;
const RESTART_MS = 100;

export async function openInstallation(folder: string, backend: Backend): Promise<Installation> {
  const log = createSilentLogger();
  const resources = createResources(log);
  const disk = path.join(folder, 'disk');
  await mkdir(disk, { recursive: true });
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]).status === 0;
  if (isMounted) resources.defer('disk', () => void spawnSync('umount', ['--lazy', disk]));
  const redis = backend === 'redis' ? await openRedis(folder) : undefined;
  if (redis !== undefined) resources.add('redis', redis);
  // This process owns the embedded server, and so starts it again when it is killed.
  const database = resources.add(
    'database',
    await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 4, log }),
  );
  const port = await freePort();
  const config = path.join(folder, 'chaos.yaml');
  await writeFile(config, await describeConfig(folder, path.join(disk, 'var'), port));
  const env = {
    COPYLOOP_CONFIG: config,
    DATABASE_URL: database.url,
    ...(redis !== undefined && { REDIS_URL: redis.url }),
  };
  const server = keepAlive(['server'], env);
  const workers = [keepAlive(['worker'], env), keepAlive(['worker'], env)];
  for (const one of [server, ...workers]) resources.add('process', one);

  return {
    url: `http://127.0.0.1:${port}`,
    database,
    findVictim: (kind) => {
      switch (kind) {
        case 'server':
          return server.pid();
        case 'worker':
          return workers[Math.floor(Math.random() * workers.length)]?.pid();
        case 'training':
          return findTraining(workers.map((worker) => worker.pid()));
        case 'postgres':
          return readPostmaster(folder);
        case 'redis':
          return redis?.pid();
        default:
          return kind satisfies never;
      }
    },
    fillDisk: isMounted ? async () => await fill(path.join(disk, 'filler')) : undefined,
    lastWords: () => [server, ...workers].map((one) => one.output().slice(-1500)).join('\n---\n'),
    close: () => resources.release(),
  };
}

/** Short intervals, so that what was lost comes back while somebody waits; trainings of moments. */
async function describeConfig(folder: string, varDir: string, port: number): Promise<string> {
  const base = await writeTinyBase(path.join(folder, 'base'));
  const rows = await writeTinyRows(path.join(folder, 'rows.csv'), 400, 1);
  return JSON.stringify({
    model: { base },
    data: { source: { kind: 'file', path: rows }, label: { column: 'label' } },
    pipeline: {
      schedule: { enabled: false },
    },
    gate: { minimumGain: 0, minimumHoldoutRows: 10 },
    server: { port },
    serving: { threads: 1, maxLength: 32, reloadPollMs: 500 },
    feedback: { retrainAfter: 0 },
    queues: {
      attempts: 20,
      backoffMs: 20,
      backoffMaxMs: 500,
      lockDurationMs: 1500,
      stalledIntervalMs: 500,
      maxStalledCount: 50,
      reconcileIntervalMs: 500,
      shutdownGraceMs: 500,
    },
    storage: { varDir },
    logging: { level: 'warn' },
  });
}

interface Kept {
  pid(): number | undefined;
  output(): string;
  close(): Promise<void>;
}

function keepAlive(args: readonly string[], env: Record<string, string>): Kept {
  let isClosing = false;
  let current: Started | undefined;
  const running = (async () => {
    while (!isClosing) {
      current = spawnCommand(args, env);
      await current.ended;
      if (!isClosing) await sleep(RESTART_MS);
    }
  })();
  return {
    pid: () => (current?.child.exitCode === null ? current.child.pid : undefined),
    output: () => current?.output() ?? '',
    close: async () => {
      isClosing = true;
      current?.child.kill('SIGCONT');
      current?.child.kill('SIGTERM');
      await running;
    },
  };
}

async function openRedis(
  folder: string,
): Promise<{ url: string; pid(): number | undefined; close(): Promise<void> }> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  let isClosing = false;
  const running = (async () => {
    while (!isClosing) {
      child = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes'],
        { stdio: 'ignore' },
      );
      await new Promise<void>((resolve) => child?.once('exit', () => resolve()));
      if (!isClosing) await sleep(RESTART_MS);
    }
  })();
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: () => child?.pid,
    close: async () => {
      isClosing = true;
      child?.kill('SIGTERM');
      await running;
    },
  };
}

function readPostmaster(folder: string): number | undefined {
  try {
    return Number(readFileSync(path.join(folder, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

/** A child of one of the workers, which is a training. */
function findTraining(workers: readonly (number | undefined)[]): number | undefined {
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]);
      if (!workers.includes(parent)) continue;
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('child-process')) return Number(name);
    } catch {
      // It ended while it was looked at.
    }
  }
  return undefined;
}

/** @returns what makes room again */
async function fill(file: string): Promise<() => Promise<void>> {
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M'], { stdio: 'ignore' });
  return async () => {
    spawnSync('rm', ['-f', file]);
  };
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
