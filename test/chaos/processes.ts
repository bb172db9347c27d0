/** `copyloop` of `dist` as processes of their own, as people start it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { sleep } from '../../src/core/clock.ts';
import { packageRoot } from '../../src/core/paths.ts';

const KEEP_CHARS = 20_000;
/** As an orchestrator waits before it starts again what died. */
export const RESTART_MS = 100;

export interface Started {
  child: ChildProcess;
  /** The last that it said, on both streams. */
  output(): string;
  ended: Promise<number | null>;
}

export interface Running extends Started {
  url: string;
  /** SIGTERM, and the code with which it ends. */
  stop(): Promise<number | null>;
}

/** @param root of the version that is meant, which was built */
export function spawnCommand(
  args: readonly string[],
  env: Record<string, string>,
  root = packageRoot,
): Started {
  const main = path.join(root, 'dist/cli/main.js');
  if (!existsSync(main)) throw new Error(`there is no ${main}: run "npm run build" there first`);
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-KEEP_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, ended };
}

export async function runCommand(
  args: readonly string[],
  env: Record<string, string>,
  root = packageRoot,
): Promise<{ code: number | null; said: string }> {
  const { ended, output } = spawnCommand(args, env, root);
  return { code: await ended, said: output() };
}

/** `start` or `server`, once it serves a champion. */
export async function startCommand(
  args: readonly string[],
  env: Record<string, string>,
  root = packageRoot,
): Promise<Running> {
  const started = spawnCommand(args, env, root);
  const { child, output, ended } = started;
  for (;;) {
    const url = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(output())?.[0];
    const ready = url === undefined ? undefined : await fetch(`${url}/ready`).catch(() => undefined);
    if (url !== undefined && ready?.ok === true)
      return {
        ...started,
        url,
        stop: async () => {
          child.kill('SIGTERM');
          return await ended;
        },
      };
    if (child.exitCode !== null) throw new Error(`copyloop ended with ${child.exitCode}: ${output()}`);
    await sleep(50);
  }
}

export async function findFreePort(): Promise<number> {
  return await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
