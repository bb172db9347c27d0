/** The real `mlflow server` on SQLite in a temporary folder, for the suites that run against it. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sleep } from '../../src/core/clock.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { packageRoot } from '../../src/core/paths.ts';
import type { RemoteSettings } from '../../src/tracking/remote/connection.ts';

export const mlflowProgram = path.join(packageRoot, 'var', 'clients-venv', 'bin', 'mlflow');
/** Skipped plainly where there is none; REQUIRE_MLFLOW=1 (as in CI) fails instead. */
export const hasMlflow = spawnSync(mlflowProgram, ['--version']).status === 0;
if (!hasMlflow && process.env['REQUIRE_MLFLOW'] === '1')
  throw new Error(
    `REQUIRE_MLFLOW is set and there is no ${mlflowProgram}: see test/clients/requirements.txt`,
  );
export const skippedWithoutMlflow = hasMlflow ? '' : ' (SKIPPED: no mlflow in var/clients-venv)';

export interface RealMlflow {
  uri: string;
  settings: RemoteSettings;
  close(): Promise<void>;
}

export async function startMlflow(): Promise<RealMlflow> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-real-mlflow-'));
  const port = await freePort();
  const server = spawn(
    mlflowProgram,
    [
      'server',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--workers',
      '1',
      '--backend-store-uri',
      `sqlite:///${path.join(folder, 'mlflow.db')}`,
      '--artifacts-destination',
      path.join(folder, 'artifacts'),
    ],
    // A group of its own: the program starts workers, which must go with it.
    {
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        GIT_PYTHON_REFRESH: 'quiet',
        MLFLOW_DISABLE_TELEMETRY: 'true',
        DO_NOT_TRACK: 'true',
      },
    },
  );
  let output = '';
  const keep = (chunk: Buffer): void => void (output = (output + chunk.toString()).slice(-10_000));
  server.stdout.on('data', keep);
  server.stderr.on('data', keep);
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const uri = `http://127.0.0.1:${port}`;
  const close = async (): Promise<void> => {
    if (server.exitCode === null && server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  while (!(await answers(uri))) {
    if (server.exitCode !== null) {
      await close();
      throw new Error(`mlflow server ended: ${output}`);
    }
    await sleep(100);
  }
  return { uri, settings: { ...loadConfig({ env: {} }).config.tracking, uri }, close };
}

async function answers(uri: string): Promise<boolean> {
  return await fetch(`${uri}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  return await new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
