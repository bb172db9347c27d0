/**
 * Time from `npm start` to an answer of /health, and what all processes of an idle copyloop hold in memory.
 * Printed, not judged.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleep } from '../src/core/clock.ts';
import { packageRoot } from '../src/core/paths.ts';
import { readLogTail } from './log-tail.ts';

const READY_TIMEOUT_MS = 240_000;
const SETTLE_MS = 5000;

export async function measureStart(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-bench-start-'));
  await chmod(folder, 0o755);
  const url = `http://127.0.0.1:${await freePort()}`;
  const logFile = path.join(folder, 'start.log');
  const log = await open(logFile, 'w');
  const startedAt = performance.now();
  const child = spawn(
    'npm',
    ['start', '--silent', '--', '--var', folder, '--port', new URL(url).port, '--no-schedule'],
    {
      cwd: packageRoot,
      env: { ...process.env, COPYLOOP_PIPELINE__CANDIDATES: '[{name: head, recipe: head, seed: 1}]' },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    await untilOk(`${url}/health`, child, logFile);
    const healthMs = performance.now() - startedAt;
    await untilOk(`${url}/ready`, child, logFile);
    const readyMs = performance.now() - startedAt;
    await sleep(SETTLE_MS);
    const memory = await measureMemory(folder);
    console.log(
      `start       npm start to /health ${(healthMs / 1000).toFixed(1)} s, to a first champion ${(readyMs / 1000).toFixed(1)} s  (MLflow: 21 s, Airflow: 28 s to /health)`,
    );
    console.log(
      `memory      idle, all ${memory.processes} processes: ${mib(memory.pssBytes)} MiB (shared pages counted once), ${mib(memory.rssBytes)} MiB as the sum of RSS  (MLflow: 2.2 GB, Airflow: 1.1 GB)`,
    );
  } finally {
    // The whole group: npm, its shell and node.
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM');
    await exited;
    await log.close();
    while ((await processesOf(folder)).length > 0) await sleep(100);
    await rm(folder, { recursive: true, force: true });
  }
}

async function untilOk(url: string, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await sleep(50);
  }
  throw new Error(
    `${url} did not answer 200 (npm start ${child.exitCode === null ? 'still runs' : `ended with ${child.exitCode}`})${await readLogTail(logFile)}`,
  );
}

async function measureMemory(
  folder: string,
): Promise<{ processes: number; rssBytes: number; pssBytes: number }> {
  const pids = await processesOf(folder);
  let rssBytes = 0;
  let pssBytes = 0;
  for (const pid of pids) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    rssBytes += kilobytes(rollup, 'Rss') * 1024;
    pssBytes += kilobytes(rollup, 'Pss') * 1024;
  }
  return { processes: pids.length, rssBytes, pssBytes };
}

/** Those whose command line names the folder, and all their descendants (Linux). */
async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = new Set<number>();
  const parents = new Map<number, number>();
  for (const pid of pids) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(folder)) found.add(pid);
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2] ?? 0));
  }
  for (let grew = true; grew;) {
    grew = false;
    for (const [pid, parent] of parents) {
      if (found.has(parent) && !found.has(pid)) {
        found.add(pid);
        grew = true;
      }
    }
  }
  return [...found];
}

function kilobytes(rollup: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
}

function mib(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
