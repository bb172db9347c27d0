import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../../src/core/artifact-store.ts';
import { loadConfig } from '../../../src/core/config/index.ts';
import { openModelCache } from '../../../src/server/serving/model-cache.ts';
import { createArtifactStore } from '../../../src/tracking/index.ts';
import { trainTinyModels } from '../tiny-model.ts';

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
    expect(await readdir(path.join(varDir, 'serving', own))).toEqual(['owner.pid']);
    await cache.close();
  });

  it('removes what a killed process left, and nothing of a living one', async () => {
    const serving = path.join(varDir, 'serving');
    for (const [name, pid] of [
      ['dead', 2 ** 30],
      ['alive', process.ppid],
    ] as const) {
      await mkdir(path.join(serving, name), { recursive: true });
      await writeFile(path.join(serving, name, 'owner.pid'), String(pid));
    }
    const cache = await openModelCache({ artifacts, varDir });
    const names = await readdir(serving);
    expect(names).toContain('alive');
    expect(names).not.toContain('dead');
    await cache.close();
  });
});
