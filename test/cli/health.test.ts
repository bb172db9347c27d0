/**
 * The health check of a container: cheap enough to run every few seconds, and of one mind with the
 * configuration.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { readProbeAddress } from '../../src/core/config/probe-address.ts';
import { entryPoint, packageRoot } from '../../src/core/paths.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-health-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('copyloop health loads nothing but a few modules of copyloop, and no package', () => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, name = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gm)) {
      if (name.startsWith('.')) visit(path.resolve(path.dirname(file), name));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  };
  visit(path.join(packageRoot, 'src/cli/main.ts'));
  visit(path.join(packageRoot, 'src/cli/commands/health.ts'));
  expect([...packages]).toEqual([]);
  expect(seen.size).toBeLessThan(12);
});

describe('the address that a probe asks', () => {
  const variables: Record<string, string>[] = [
    {},
    { PORT: '9001' },
    { HOST: '0.0.0.0', PORT: '9001', COPYLOOP_SERVER__PORT: '9002' },
    { COPYLOOP_WORKER__PORT: '9464', COPYLOOP_WORKER__HOST: '0.0.0.0' },
    { COPYLOOP_SERVER__HOST: '::1' },
  ];
  const files = [
    undefined,
    'server: { port: 9003 }\nworker: { port: 9465 }\n',
    'gate: { minimumGain: 0.1 }\n',
  ];
  it.each(variables.flatMap((env) => files.map((text) => ({ env, text }))))(
    'is the one of the configuration for $env and $text',
    async ({ env, text }) => {
      const file = text === undefined ? undefined : path.join(folder, 'settings.yaml');
      if (file !== undefined && text !== undefined) await writeFile(file, text);
      const { server, worker } = loadConfig({ env, file }).config;
      expect(await readProbeAddress('server', { env, file })).toEqual({
        host: server.host,
        port: server.port,
      });
      expect(await readProbeAddress('worker', { env, file })).toEqual(worker);
    },
  );
});

it('copyloop health ends with 0 for a live server, with 6 where none is, and with 2 for a worker without a port', async () => {
  const live = createServer((request, response) => {
    response.writeHead(request.url === '/ready?deep=1' ? 503 : 200).end(`{"asked":"${request.url}"}`);
  });
  await new Promise<void>((resolve) => live.listen(0, '127.0.0.1', resolve));
  const { port } = live.address() as AddressInfo;
  expect(await health([], { PORT: String(port) })).toEqual([0, '{"asked":"/health"}']);
  expect(await health(['--worker'], { COPYLOOP_WORKER__PORT: String(port) })).toEqual([
    0,
    '{"asked":"/health"}',
  ]);
  expect(await health(['--ready', '--deep', '--url', `http://127.0.0.1:${port}`])).toEqual([
    6,
    `copyloop: http://127.0.0.1:${port} answers 503: {"asked":"/ready?deep=1"}`,
  ]);
  await new Promise((resolve) => live.close(resolve));
  expect((await health([], { PORT: String(port) }))[0]).toBe(6);
  expect((await health(['--worker']))[0]).toBe(2);
});

async function health(args: string[], env: Record<string, string> = {}): Promise<[number | null, string]> {
  const { file, execArgv } = entryPoint(import.meta.url, '../../src/cli/main');
  const child = spawn(process.execPath, [...execArgv, file, 'health', ...args], {
    env: { PATH: process.env['PATH'], ...env },
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return [code, said.trim()];
}
