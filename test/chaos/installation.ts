/**
 * An installation to be hurt: PostgreSQL, Redis with a replica where asked, one server and two workers as
 * processes of their own that are started again when they die, as an orchestrator does it. The second worker
 * is far away: it has a clock of its own and reaches the others by links that can be cut.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';
import { sleep, withDeadline } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import type { Random } from '../../src/core/random.ts';
import { createResources } from '../../src/core/resources.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';
import { openLink, type Link } from './link.ts';
import { findFreePort, RESTART_MS, spawnCommand, type Started } from './processes.ts';
import { openRedisPair } from './redis-pair.ts';

export type Backend = 'postgres' | 'redis';

export interface Installation {
  url: string;
  database: Database;
  /** Other records for the next run. */
  renewRows(seed: number): Promise<void>;
  /** Pids to be hurt; undefined where there is none just now. */
  findVictim(kind: VictimKind, random: Random): number | undefined;
  /** Fills the disk of the workers' and the server's local folders; undefined where none could be mounted. */
  fillDisk: (() => Promise<() => Promise<void>>) | undefined;
  /** Cuts the second worker from PostgreSQL and Redis. @returns what mends it */
  cutNetwork(): (how: 'resume' | 'reset') => void;
  /** Puts the clock of the second worker off; undefined without libfaketime. */
  stepClock: ((seconds: number) => void) | undefined;
  /** Undefined without Redis. */
  failOverRedis: (() => void) | undefined;
  /** What a process said last. */
  lastWords(): string;
  close(): Promise<void>;
}

export const VICTIM_KINDS = ['server', 'worker', 'training', 'postgres', 'redis'] as const;
export type VictimKind = (typeof VICTIM_KINDS)[number];

const DISK_MIB = 96;
const ROWS = 'rows.csv';
const ROWS_COUNT = 400;
/** Debian's package `faketime`. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

export async function openInstallation(folder: string, backend: Backend): Promise<Installation> {
  const log = createSilentLogger();
  const resources = createResources(log);
  const disk = path.join(folder, 'disk');
  await mkdir(disk, { recursive: true });
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', disk]).status === 0;
  if (isMounted) resources.defer('disk', () => void spawnSync('umount', ['--lazy', disk]));
  const redis = backend === 'redis' ? await openRedisPair(folder) : undefined;
  if (redis !== undefined) resources.add('redis', redis);
  // This process owns the embedded server, and so starts it again when it is killed.
  const database = resources.add(
    'database',
    await openDatabase({ databaseUrl: null, varDir: folder, poolSize: 4, log }),
  );
  const port = await findFreePort();
  const settings = await writeSettings(folder, { varDir: path.join(disk, 'var'), port });
  const env = describeEnvironment(settings, database.url, redis?.port);
  const links: Link[] = [];
  const link = async (target: number): Promise<number> => {
    const opened = await openLink(target);
    links.push(resources.add('link', opened));
    return opened.port;
  };
  // By TCP, which the Unix socket in the address would go before.
  const far = new URL(database.url);
  far.search = '';
  far.port = String(await link(Number(far.port)));
  const clock = path.join(folder, 'clock');
  const hasClock = existsSync(FAKETIME);
  if (hasClock) writeFileSync(clock, '+0');
  const farEnv = {
    ...describeEnvironment(settings, far.href, redis && (await link(redis.port))),
    ...(hasClock && {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_CACHE_DURATION: '1',
      DONT_FAKE_MONOTONIC: '1',
    }),
  };
  const server = keepAlive(['server'], env);
  const workers = [keepAlive(['worker'], env), keepAlive(['worker'], farEnv)];
  for (const one of [server, ...workers]) resources.add('process', one);

  return {
    url: `http://127.0.0.1:${port}`,
    database,
    renewRows: async (seed) => void (await writeTinyRows(path.join(folder, ROWS), ROWS_COUNT, seed)),
    findVictim: (kind, random) => {
      switch (kind) {
        case 'server':
          return server.pid();
        case 'worker':
          return random.pick(workers).pid();
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
    cutNetwork: () => {
      const mends = links.map((one) => one.cut());
      return (how) => {
        for (const mend of mends) mend(how);
      };
    },
    stepClock: hasClock
      ? (seconds) => writeFileSync(clock, `${seconds < 0 ? '' : '+'}${seconds}`)
      : undefined,
    failOverRedis: redis?.failOver,
    lastWords: () => [server, ...workers].map((one) => one.output().slice(-1500)).join('\n---\n'),
    close: () => resources.release(),
  };
}

function describeEnvironment(
  settings: string,
  databaseUrl: string,
  redisPort: number | undefined,
): Record<string, string> {
  return {
    COPYLOOP_CONFIG: settings,
    DATABASE_URL: databaseUrl,
    ...(redisPort !== undefined && { REDIS_URL: `redis://127.0.0.1:${redisPort}` }),
  };
}

/**
 * Short intervals, so that what was lost comes back while somebody waits; trainings of moments.
 *
 * @returns the configuration file
 */
export async function writeSettings(
  folder: string,
  { varDir, port }: { varDir: string; port: number },
): Promise<string> {
  const file = path.join(folder, 'settings.yaml');
  const base = await writeTinyBase(path.join(folder, 'base'));
  const rows = await writeTinyRows(path.join(folder, ROWS), ROWS_COUNT, 1);
  const settings = {
    model: { base },
    data: { source: { kind: 'file', path: rows }, label: { column: 'label' } },
    pipeline: { schedule: { enabled: false }, candidates: drawCandidates(['a', 'b']) },
    gate: { minimumGain: 0, minimumHoldoutRows: 10 },
    server: { port },
    serving: { threads: 1, maxLength: 32, reloadPollMs: 500 },
    feedback: { retrainAfter: 0 },
    queues: {
      attempts: 20,
      backoffMs: 20,
      backoffMaxMs: 500,
      lockDurationMs: 4000,
      stalledIntervalMs: 1000,
      maxStalledCount: 50,
      reconcileIntervalMs: 500,
      shutdownGraceMs: 500,
    },
    storage: { varDir },
    logging: { level: 'warn' },
  };
  await writeFile(file, JSON.stringify(settings));
  return file;
}

/** Candidates of other seeds each time, so that now and then one wins and is promoted. */
export function drawCandidates(names: readonly string[]): object[] {
  const settings = { maxLength: 32, batchSize: 16, learningRate: 0.01 };
  return names.map((name) => ({ name, recipe: 'head', seed: Math.floor(Math.random() * 1e6), settings }));
}

/** Longer than any drain of these settings, also of a process that has just begun to start. */
const ENDS_MS = 60_000;

interface Kept {
  readonly closesWithinMs: number;
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
    closesWithinMs: Infinity,
    pid: () => (current?.child.exitCode === null ? current.child.pid : undefined),
    output: () => current?.output() ?? '',
    close: async () => {
      isClosing = true;
      current?.child.kill('SIGCONT');
      current?.child.kill('SIGTERM');
      try {
        await withDeadline(running, ENDS_MS, `copyloop ${args.join(' ')} does not end on SIGTERM`);
      } catch (error) {
        current?.child.kill('SIGKILL');
        throw error;
      }
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
