import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSilentLogger } from '../../src/core/log.ts';
import { entryPoint } from '../../src/core/paths.ts';
import {
  findClosedParent,
  findRunningPostgres,
  openDatabase,
  openEmbeddedPostgres,
} from '../../src/db/index.ts';

const log = createSilentLogger();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-embedded-'));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function startOwner(varDir: string): Promise<{ child: ChildProcess; owned: boolean }> {
  const { file, execArgv } = entryPoint(import.meta.url, './embedded-owner');
  const child = fork(file, [varDir], { execArgv });
  const [message] = (await once(child, 'message')) as [{ owned: boolean }];
  return { child, owned: message.owned };
}

describe('the embedded PostgreSQL', () => {
  it('is stopped by the process that started it, and by no other', async () => {
    const varDir = path.join(folder, 'shared');
    const owner = await openEmbeddedPostgres({ varDir, log });
    const guest = await openEmbeddedPostgres({ varDir, log });
    expect([owner.owned, guest.owned]).toEqual([true, false]);
    expect(guest.url).toBe(owner.url);
    await guest.close();
    expect(await findRunningPostgres(varDir)).toBeDefined();
    await owner.close();
    expect(await findRunningPostgres(varDir)).toBeUndefined();
  });

  it('outlives a killed owner, keeps what was committed, and is adopted by the next process', async () => {
    const varDir = path.join(folder, 'killed');
    const { child, owned } = await startOwner(varDir);
    expect(owned).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const orphan = await findRunningPostgres(varDir);
    expect(orphan).toBeDefined();

    const database = await openDatabase({ databaseUrl: null, varDir, poolSize: 2, log });
    expect(new URL(database.url).port).toBe(String(orphan?.port));
    await database.pool.query('CREATE TABLE kept AS SELECT 42 AS answer');
    await database.close();
    expect(await findRunningPostgres(varDir)).toBeUndefined();

    const reopened = await openDatabase({ databaseUrl: null, varDir, poolSize: 2, log });
    const { rows } = await reopened.pool.query('SELECT answer FROM kept');
    await reopened.close();
    expect(rows).toEqual([{ answer: 42 }]);
  });

  it('is started again at the same address when it ends under its owner, however it ends', async () => {
    const varDir = path.join(folder, 'ended');
    const database = await openDatabase({ databaseUrl: null, varDir, poolSize: 2, log });
    const guest = await openDatabase({ databaseUrl: null, varDir, poolSize: 2, log });
    try {
      await database.pool.query('CREATE TABLE kept AS SELECT 42 AS answer');
      for (const signal of ['SIGINT', 'SIGKILL'] as const) {
        const { pid = 0 } = (await findRunningPostgres(varDir)) ?? {};
        process.kill(pid, signal);
        await expect
          .poll(async () => (await findRunningPostgres(varDir))?.pid ?? pid, { timeout: 60_000 })
          .not.toBe(pid);
        for (const { pool } of [database, guest])
          await expect
            .poll(() => pool.query('SELECT answer FROM kept').then(({ rows }) => rows as unknown), {
              timeout: 60_000,
            })
            .toEqual([{ answer: 42 }]);
      }
    } finally {
      await guest.close();
      await database.close();
    }
    expect(await findRunningPostgres(varDir)).toBeUndefined();
  });

  it('keeps its port from one start to the next, unless another program has taken it', async () => {
    const varDir = path.join(folder, 'port');
    const portOnce = async (): Promise<number> => {
      const server = await openEmbeddedPostgres({ varDir, log });
      await server.close();
      return Number(new URL(server.url).port);
    };
    const port = await portOnce();
    expect(await portOnce()).toBe(port);
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const next = await portOnce();
    other.close();
    expect(next).not.toBe(port);
    expect(await portOnce()).toBe(next);
  });

  it('is started once when two processes open it at the same moment', async () => {
    const varDir = path.join(folder, 'raced');
    const [first, second] = await Promise.all([startOwner(varDir), startOwner(varDir)]);
    const server = await findRunningPostgres(varDir);
    expect(server).toBeDefined();
    expect([first.owned, second.owned].filter(Boolean)).toHaveLength(1);
    for (const { child } of [first, second]) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const adopter = await openEmbeddedPostgres({ varDir, log });
    await adopter.close();
    expect(await findRunningPostgres(varDir)).toBeUndefined();
  });

  it('names the folder that its user may not enter', async () => {
    const closed = path.join(folder, 'private');
    await mkdir(closed, { mode: 0o700 });
    expect(await findClosedParent(path.join(closed, 'var'), { uid: 54_321, gid: 54_321 })).toBe(closed);
    expect(await findClosedParent(folder, { uid: 54_321, gid: 54_321 })).toBeUndefined();
  });
});
