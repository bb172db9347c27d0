/** ONNX Runtime's telemetry, in real processes with a home folder and a cache of their own. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryPoint } from '../../../src/core/paths.ts';

const run = promisify(execFile);
const { file, execArgv } = entryPoint(import.meta.url, './run-model');
/** Without a network, so that the library left alone tells nobody anything here either. */
const UNSHARE = ['--map-root-user', '--net', 'strace', '-f', '-e', 'trace=socket'];
const canWatch = await run('unshare', [...UNSHARE, 'true']).then(
  () => true,
  () => false,
);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'copyloop-home-'));
});
afterEach(() => rm(home, { recursive: true }));

/** Nothing but this: the library sends nothing where variables such as CI or GITHUB_ACTIONS are set. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], HOME: home };
}

describe('a process that runs a model', () => {
  it.each(['main', 'thread'])('leaves nothing in the home folder, run in its %s', async (where) => {
    const { stdout } = await run(process.execPath, [...execArgv, file, where], { env: environment() });
    expect(stdout).toBe('-1,-2');
    expect(await readdir(home, { recursive: true })).toEqual([]);
  });

  it.skipIf(!canWatch)('looks up no host in the time in which the library left alone does', async () => {
    const ours = await startWatched('stay');
    const alone = await startWatched('alone');
    await vi.waitFor(async () => expect(await alone.networkSockets()).not.toEqual([]), {
      timeout: 110_000,
      interval: 200,
    });
    expect(await ours.networkSockets()).toEqual([]);
    await Promise.all([ours.end(), alone.end()]);
  });
});

/** Resolves when the process has run the model. */
async function startWatched(mode: string): Promise<{
  /** The system calls that opened them. */
  networkSockets(): Promise<string[]>;
  end(): Promise<void>;
}> {
  const trace = path.join(home, `trace-${mode}`);
  const command = [...UNSHARE, '-o', trace, process.execPath, ...execArgv, file, mode];
  const child = spawn('unshare', command, { env: environment(), stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  expect(printed.toString()).toBe('-1,-2');
  return {
    networkSockets: async () =>
      (await readFile(trace, 'utf8')).split('\n').filter((line) => line.includes('AF_INET')),
    end: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
