/** ONNX Runtime's telemetry, in real processes with a home folder and a cache of their own. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryPoint } from '../../../src/core/paths.ts';

const run = promisify(execFile);
const { file, execArgv } = entryPoint(import.meta.url, './run-model');
const hasStrace = await run('strace', ['-f', 'true']).then(
  () => true,
  () => false,
);

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'copyloop-home-'));
});
afterEach(() => rm(home, { recursive: true }));

function environment(): NodeJS.ProcessEnv {
  const { ORT_DISABLE_TELEMETRY: _own, XDG_CACHE_HOME: _cache, ...rest } = process.env;
  return { ...rest, HOME: home };
}

describe('a process that runs a model', () => {
  it.each(['main', 'thread'])('leaves nothing in the home folder, run in its %s', async (where) => {
    const { stdout } = await run(process.execPath, [...execArgv, file, where], { env: environment() });
    expect(stdout).toBe('-1,-2');
    expect(await readdir(home, { recursive: true })).toEqual([]);
  });

  it.skipIf(!hasStrace)('opens no socket to the network', async () => {
    const trace = path.join(home, 'trace');
    const command = [process.execPath, ...execArgv, file, 'main'];
    await run('strace', ['-f', '-e', 'trace=socket', '-o', trace, ...command], { env: environment() });
    expect((await readFile(trace, 'utf8')).split('\n').filter((line) => /AF_INET/.test(line))).toEqual([]);
  });
});
