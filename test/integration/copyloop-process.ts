/**
 * `copyloop` as a process of its own, on a database, a local folder and a tiny champion that are ready before
 * it starts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../src/core/config/index.ts';
import type { Database } from '../../src/db/index.ts';
import { entryPoint, packageRoot } from '../../src/core/paths.ts';
import { createTracking } from '../../src/tracking/index.ts';
import { copyTinyModels } from './shared-models.ts';
import { openTestDatabase } from './databases.ts';

export interface Installation {
  varDir: string;
  databaseUrl: string;
  /** Variables for `copyloop` of this installation. */
  env: Record<string, string>;
  close(): Promise<void>;
}

export interface Copyloop {
  /** Where its server listens. */
  url: string;
  child: ChildProcess;
  /** What it has said so far, on both streams. */
  output(): string;
  /** Its exit code, once it has ended. */
  ended: Promise<number | null>;
}

/**
 * A champion of a database of its own.
 * @param given.varDir where there is a folder already
 * @param given.database of another server than the suite's
 */
export async function createInstallation(
  given: { varDir?: string; database?: Database; env?: Record<string, string> } = {},
): Promise<Installation> {
  const work = await mkdtemp(path.join(tmpdir(), 'copyloop-process-'));
  await chmod(work, 0o755);
  const varDir = given.varDir ?? path.join(work, 'var');
  const [directory = ''] = await copyTinyModels(work, ['first']);
  const database = given.database ?? (await openTestDatabase());
  const { config } = loadConfig({ env: {}, overrides: { 'storage.varDir': varDir } });
  const { tracking, artifacts } = createTracking(config, database.db);
  const { name } = config.model;
  await tracking.registry.createModel({ name });
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    await artifacts.putFile(`mlflow/0/first/artifacts/model/${path.relative(directory, file)}`, file);
  }
  const { version } = await tracking.registry.createVersion({
    name,
    source: 'mlflow-artifacts:/0/first/artifacts/model',
  });
  await tracking.registry.setAlias(name, 'champion', version, {
    movedBy: 'test',
    reason: 'the test says so',
  });
  return {
    varDir,
    databaseUrl: database.url,
    env: { DATABASE_URL: database.url, COPYLOOP_VAR_DIR: varDir, PORT: '0', ...given.env },
    close: async () => {
      await database.close();
      await rm(work, { recursive: true, force: true });
    },
  };
}

export function runCopyloop(
  args: readonly string[],
  env: Record<string, string>,
): Pick<Copyloop, 'child' | 'output' | 'ended'> {
  const { file, execArgv } = entryPoint(import.meta.url, '../../src/cli/main');
  const child = spawn(process.execPath, [...execArgv, file, ...args], {
    cwd: packageRoot,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

/** Starts `copyloop server` or `copyloop start` and waits until it serves the champion. */
export async function startCopyloop(
  command: readonly string[],
  env: Record<string, string>,
): Promise<Copyloop> {
  const { child, output, ended } = runCopyloop(command, env);
  for (;;) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output())?.[0];
    if (url !== undefined) {
      const ready = await fetch(`${url}/ready`).catch(() => undefined);
      if (ready?.ok === true) return { url, child, output, ended };
    }
    if (child.exitCode !== null) throw new Error(`copyloop ended with ${child.exitCode}: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
