/** What `copyloop doctor` says of a base model, held against what a training finds. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runChecks, type Check } from '../../src/cli/doctor/checks.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { writeTinyBase } from '../../fixtures/tiny-base.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function checkBase(base: string): Promise<Check | undefined> {
  const overrides = { 'model.base': base, 'storage.varDir': folder, 'server.port': 0 };
  const checks = await runChecks(loadConfig({ env: {}, overrides }).config);
  return checks.find(({ name }) => name === 'Base encoder');
}

it.each(['/nope', './nope', 'nope', 'a/b/c'])(
  'fails the base %s, which a training finds neither as a directory nor on the hub',
  async (base) => {
    expect(await checkBase(base)).toMatchObject({
      status: 'failed',
      found: `the base model "${base}" is neither a directory with a config.json nor a hub id (owner/name)`,
      remedy: expect.stringContaining('set model.base'),
    });
  },
);

it('passes a directory that is whole, and a hub id, which is fetched later', async () => {
  expect(await checkBase('assets/encoder')).toMatchObject({ status: 'ok', found: 'assets/encoder' });
  expect(await checkBase(await writeTinyBase(path.join(folder, 'base')))).toMatchObject({ status: 'ok' });
  expect(await checkBase('distilbert/distilbert-base-uncased')).toMatchObject({
    status: 'ok',
    found: expect.stringContaining('fetched from the Hugging Face hub'),
  });
});

it('names the files that a directory lacks', async () => {
  const base = await writeTinyBase(path.join(folder, 'broken'));
  await rm(path.join(base, 'model.safetensors'));
  expect(await checkBase(base)).toMatchObject({ status: 'failed', found: `${base} lacks model.safetensors` });
});

it('passes a folder that nobody has made yet: the first thing that an operator tries', async () => {
  const overrides = { 'storage.varDir': path.join(folder, 'not', 'yet'), 'server.port': 0 };
  const checks = await runChecks(loadConfig({ env: {}, overrides }).config);
  for (const name of ['Local folder', 'Free disk', 'Artifacts'])
    expect(checks.find((check) => check.name === name)).toMatchObject({ name, status: 'ok' });
});

it('fails a bucket that cannot be listed, and says which', async () => {
  const overrides = {
    'storage.varDir': folder,
    'server.port': 0,
    'storage.artifacts.kind': 's3',
    'storage.artifacts.bucket': 'no-such-bucket',
    'storage.artifacts.endpoint': 'http://127.0.0.1:1',
    'storage.artifacts.accessKeyId': 'a',
    'storage.artifacts.secretAccessKey': 'b',
  };
  const checks = await runChecks(loadConfig({ env: {}, overrides }).config);
  expect(checks.find(({ name }) => name === 'Artifacts')).toMatchObject({
    status: 'failed',
    found: expect.stringContaining('the bucket no-such-bucket cannot be listed'),
  });
});
