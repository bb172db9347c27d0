/** Addresses of PostgreSQL as operators have them: with options of their own, and behind a pooler. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../src/cli/doctor/checks.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { openDatabase, type Database } from '../../src/db/index.ts';
import { openQueueBackend } from '../../src/queues/index.ts';
import { openTestDatabase } from './databases.ts';

const log = createSilentLogger();
let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

it('the queues find their tables whatever options the address has', async () => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c statement_timeout=60000');
  await useQueue(url.href);
});

it('compares letters of all languages without case, as any UTF-8 server', async () => {
  const { rows } = await database.pool.query<{ same: boolean }>("SELECT 'ÉTÉ' ILIKE 'été' AS same");
  expect(rows[0]?.same).toBe(true);
});

const hasPooler = spawnSync('pgbouncer', ['--version']).status === 0;
if (!hasPooler)
  process.stderr.write('SKIPPED: there is no pgbouncer on the PATH, so poolers are not tried\n');

describe.skipIf(!hasPooler)('behind PgBouncer', () => {
  const started: { child: ChildProcess; folder: string }[] = [];
  afterAll(async () => {
    for (const { child, folder } of started) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
  const openPooler = async (mode: string): Promise<string> => {
    const pooler = await startPooler(database.url, mode);
    started.push(pooler);
    return pooler.url;
  };

  it('works in session mode', async () => {
    const databaseUrl = await openPooler('session');
    const pooled = await openDatabase({ databaseUrl, varDir: '', poolSize: 3, log });
    await pooled.close();
    await useQueue(databaseUrl);
    expect(await postgresOf(databaseUrl)).toMatchObject({ status: 'ok' });
  });

  it('refuses transaction mode by its name, at the start and in doctor', async () => {
    const databaseUrl = await openPooler('transaction');
    await expect(openDatabase({ databaseUrl, varDir: '', poolSize: 3, log })).rejects.toThrow(
      /pooler in transaction mode .* set pool_mode = session/,
    );
    expect(await postgresOf(databaseUrl)).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('transaction mode'),
      remedy: expect.stringContaining('pool_mode = session'),
    });
  });
});

async function useQueue(databaseUrl: string): Promise<void> {
  const backend = await openQueueBackend({ databaseUrl, redisUrl: null, prefix: 'test', log });
  const queue = backend.openQueue('addresses');
  try {
    await queue.add('a', {}, { jobId: 'one' });
    expect((await queue.getJob('one'))?.name).toBe('a');
    await queue.obliterate({ force: true });
  } finally {
    await queue.close();
    await backend.close();
  }
}

async function postgresOf(databaseUrl: string) {
  const { config } = loadConfig({ env: {}, overrides: { 'storage.databaseUrl': databaseUrl } });
  return (await runChecks(config)).find(({ name }) => name === 'PostgreSQL');
}

/** It refuses to run as root, so that it takes the user that runs PostgreSQL then. */
async function startPooler(databaseUrl: string, mode: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-pooler-'));
  await chmod(folder, 0o777);
  const { username, password, port, pathname, searchParams } = new URL(databaseUrl);
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const settings = [
    '[databases]',
    `* = host=${searchParams.get('host') ?? '127.0.0.1'} port=${port} user=${username} password=${password}`,
    '[pgbouncer]',
    `listen_addr = 127.0.0.1\nlisten_port = ${free}\nunix_socket_dir =\nauth_type = any\npool_mode = ${mode}`,
  ];
  const file = path.join(folder, 'pgbouncer.ini');
  await writeFile(file, `${settings.join('\n')}\n`, { mode: 0o644 });
  const isRoot = process.getuid?.() === 0;
  const child = spawn('pgbouncer', [...(isRoot ? ['-u', 'postgres'] : []), file], { stdio: 'ignore' });
  await expect.poll(() => isListening(free), { timeout: 20_000 }).toBe(true);
  return { child, folder, url: `postgres://${username}:any@127.0.0.1:${free}${pathname}` };
}

async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
