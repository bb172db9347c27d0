import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../../src/core/artifact-store.ts';
import { loadConfig } from '../../../src/core/config/index.ts';
import { OWNER_FILE, readPlace } from '../../../src/serving/models/folder-owner.ts';
import { openModelCache } from '../../../src/serving/models/model-cache.ts';
import { createArtifactStore } from '../../../src/tracking/index.ts';
import { trainTinyModels } from '../../../fixtures/tiny-models.ts';

const ref = { name: 'm', version: 1 };
const source = 'mlflow-artifacts:/0/run/artifacts/model';
let folder: string;
let varDir: string;
let artifacts: ArtifactStore;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-cache-'));
  varDir = path.join(folder, 'var');
  const { config } = loadConfig({ env: {}, overrides: { 'storage.varDir': varDir } });
  artifacts = createArtifactStore(config.storage);
  const [model = ''] = await trainTinyModels(folder, ['model']);
  for (const entry of await readdir(model, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    await artifacts.putFile(`mlflow/0/run/artifacts/model/${path.relative(model, file)}`, file);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the model cache', () => {
  it('gives each load files of its own, so that unloading a version never takes them from its next load', async () => {
    const cache = await openModelCache({ artifacts, varDir });
    const first = await cache.fetch(ref, source);
    const second = await cache.fetch(ref, source);
    expect(second).not.toBe(first);
    await cache.drop(first);
    expect(await readdir(second)).toContain('config.json');
    await cache.close();
    expect(await readdir(path.join(varDir, 'serving'))).toEqual([]);
  });

  it('refuses a version without files, and one whose files were changed, and leaves nothing of it', async () => {
    const cache = await openModelCache({ artifacts, varDir });
    await expect(cache.fetch(ref, 'mlflow-artifacts:/0/none/artifacts')).rejects.toMatchObject({
      code: 'bad-model',
    });
    await artifacts.put('mlflow/0/run/artifacts/model/onnx/model.onnx', 'no model');
    await expect(cache.fetch(ref, source)).rejects.toMatchObject({ code: 'bad-model' });
    const [own = ''] = await readdir(path.join(varDir, 'serving'));
    expect(await readdir(path.join(varDir, 'serving', own))).toEqual([OWNER_FILE]);
    await cache.close();
  });

  it('removes what a killed process left, and nothing of a living one', async () => {
    await leave('dead', { pid: 2 ** 30 });
    await leave('earlier-with-this-id', { pid: process.pid });
    await leave('alive', { pid: process.ppid });
    expect(await leftAfterOpening()).toEqual(['alive']);
  });

  it("keeps what is another machine's or container's until its owner has been silent for a day", async () => {
    const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * 3_600_000);
    await leave('elsewhere', { pid: 2 ** 30, place: 'another-host' });
    await leave('elsewhere-quiet', { pid: process.ppid, place: 'another-host', signed: hoursAgo(23) });
    await leave('elsewhere-gone', { pid: process.ppid, place: 'another-host', signed: hoursAgo(25) });
    await mkdir(path.join(varDir, 'serving', 'not-signed-yet'));
    expect(await leftAfterOpening()).toEqual(['elsewhere', 'elsewhere-quiet', 'not-signed-yet']);
  });

  it('keeps what another cache of the same process holds', async () => {
    const first = await openModelCache({ artifacts, varDir });
    const second = await openModelCache({ artifacts, varDir });
    expect(await readdir(path.join(varDir, 'serving'))).toHaveLength(2);
    await Promise.all([first.close(), second.close()]);
  });
});

async function leave(name: string, owner: { pid: number; place?: string; signed?: Date }): Promise<void> {
  const left = path.join(varDir, 'serving', name);
  await mkdir(left, { recursive: true });
  const { pid, place = await readPlace(), signed = new Date() } = owner;
  await writeFile(path.join(left, OWNER_FILE), JSON.stringify({ place, pid, process: 'an earlier one' }));
  await utimes(path.join(left, OWNER_FILE), signed, signed);
}

/** The folders that opening a cache leaves, without the cache's own; they are removed then. */
async function leftAfterOpening(): Promise<string[]> {
  const cache = await openModelCache({ artifacts, varDir });
  await cache.close();
  const names = await readdir(path.join(varDir, 'serving'));
  await rm(path.join(varDir, 'serving'), { recursive: true });
  return names.toSorted();
}
