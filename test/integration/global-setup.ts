/** One real PostgreSQL (and a Redis, where redis-server is installed) for the whole integration suite; each test file takes a database of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { sleep } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase } from '../../src/db/index.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    databaseUrl: string;
    /** null where there is no redis-server. */
    redisUrl: string | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-test-'));
  await chmod(folder, 0o755);
  const database = await openDatabase({
    databaseUrl: null,
    varDir: folder,
    poolSize: 2,
    log: createSilentLogger(),
  });
  const redis = await startRedis(folder);
  project.provide('databaseUrl', database.url);
  project.provide('redisUrl', redis?.url ?? null);
  return async () => {
    await redis?.stop();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  };
}

async function startRedis(folder: string): Promise<{ url: string; stop: () => Promise<void> } | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    if (process.env['REQUIRE_REDIS'] === '1') {
      throw new Error('REQUIRE_REDIS is set and there is no redis-server on the PATH: install it');
    }
    process.stderr.write('no redis-server on the PATH: the tests on Redis are skipped\n');
    return undefined;
  }
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
  const child = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
    { stdio: 'ignore' },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (!(await answers(port))) await sleep(20);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function answers(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
