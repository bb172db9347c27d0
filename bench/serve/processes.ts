/**
 * The processes of the bench: the two servers and the load generator, each started, spoken to and ended by
 * its own id.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createServer } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { sleep } from '../../src/core/clock.ts';
import { toError } from '../../src/core/errors.ts';
import { entryPoint, packageRoot } from '../../src/core/paths.ts';
import { openReferencePython } from '../python.ts';
import { readLogTail } from '../log-tail.ts';
import { startFlags } from '../start-flags.ts';
import type { LoadOrder, LoadResult } from './load-generator.ts';
import type { OurServerOptions } from './our-server.ts';

export interface RunningServer {
  url: string;
  /** Of the server's own process; undefined where others do its work. */
  pid?: number | undefined;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 120_000;

/** @param env of the server beside this process' own */
export async function openOurServer(
  options: OurServerOptions,
  env: Record<string, string> = {},
): Promise<RunningServer> {
  const { file, execArgv } = entryPoint(import.meta.url, './our-server');
  const child = spawn(process.execPath, [...startFlags, ...execArgv, file, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const url = await firstLine(child).catch(async (thrown: unknown) => {
    const tail = await readLogTail(path.join(options.varDir, 'server.log'));
    throw new Error(`our server: ${toError(thrown).message}${tail}`, { cause: thrown });
  });
  return { url, pid: child.pid, close: () => end(child) };
}

/** gunicorn with two workers; its master ends them. */
export async function openReferenceServer(modelDirectory: string): Promise<RunningServer> {
  const python = await openReferencePython();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    path.join(path.dirname(python), 'gunicorn'),
    ['--workers', '2', '--bind', `127.0.0.1:${port}`, '--log-level', 'warning', 'serve_pytorch:app'],
    {
      cwd: path.join(packageRoot, 'bench', 'reference'),
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...environment(), MODEL_DIR: modelDirectory, PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  const deadlineMs = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(`${url}/health`))) {
    if (child.exitCode !== null || Date.now() > deadlineMs) {
      await end(child);
      throw new Error('the reference server (gunicorn) did not start; its own words stand above');
    }
    await sleep(200);
  }
  return { url, close: () => end(child) };
}

export async function runLoad(order: LoadOrder): Promise<LoadResult> {
  const { file, execArgv } = entryPoint(import.meta.url, './load-generator');
  const child = spawn(process.execPath, [...execArgv, file], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(order));
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(output) as LoadResult;
}

function environment(): Record<string, string | undefined> {
  return process.env;
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    (response) => response.ok,
    () => false,
  );
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('the process has no output');
  const lines = createInterface({ input: child.stdout });
  const line = once(lines, 'line').then(([first]) => String(first));
  const exit = once(child, 'exit').then(([code]) => {
    throw new Error(`the process ended with ${String(code)} before it was ready`);
  });
  return await Promise.race([line, exit]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
