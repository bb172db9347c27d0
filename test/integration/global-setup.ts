/**
 * One real PostgreSQL (and a Redis, where redis-server is installed) for the whole integration suite. It is
 * migrated once, in a template database; each test file clones a database of its own from that.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { TestProject } from 'vitest/node';
import { sleep } from '../../src/core/clock.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, openEmbeddedPostgres } from '../../src/db/index.ts';
import { openQueueBackend } from '../../src/queues/index.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of the template: only to be cloned, so nobody may stay connected to it. */
    templateUrl: string;
    /** Empty at first, removed at the end: for what files make once and share. */
    suiteFolder: string;
    /** null where there is no redis-server. */
    redisUrl: string | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-test-'));
  await chmod(folder, 0o755);
  const log = createSilentLogger();
  const postgres = await openEmbeddedPostgres({ varDir: folder, log });
  const templateUrl = await migrateTemplate(postgres.url);
  const redis = await startRedis(folder);
  project.provide('templateUrl', templateUrl);
  const suiteFolder = path.join(folder, 'shared');
  await mkdir(suiteFolder);
  project.provide('suiteFolder', suiteFolder);
  project.provide('redisUrl', redis?.url ?? null);
  return async () => {
    await redis?.stop();
    await postgres.close();
    await rm(folder, { recursive: true, force: true });
  };
}

/**
 * Databases of tests need not survive a power cut, so no statement waits for the disk; and nothing may be
 * connected to a template while it is cloned, which autovacuum would be now and then.
 */
async function migrateTemplate(serverUrl: string): Promise<string> {
  const log = createSilentLogger();
  const url = new URL(serverUrl);
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum'])
    await client.query(`ALTER SYSTEM SET ${setting} = off`);
  await client.query('SELECT pg_reload_conf()');
  await client.query('CREATE DATABASE template_copyloop');
  url.pathname = '/template_copyloop';
  const database = await openDatabase({ databaseUrl: url.href, varDir: '', poolSize: 2, log });
  await database.close();
  const queues = await openQueueBackend({ databaseUrl: url.href, redisUrl: null, prefix: 'template', log });
  await queues.close();
  await client.query('ALTER DATABASE template_copyloop ALLOW_CONNECTIONS false');
  while (await isConnected(client, 'template_copyloop')) await sleep(20);
  await client.end();
  return url.href;
}

async function isConnected(client: Client, database: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_stat_activity WHERE datname = $1', [database]);
  return rowCount !== 0;
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
