import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createArtifactStore } from '../../src/tracking/index.ts';
import { loadConfig } from '../../src/core/config/index.ts';
import { describeArtifactStore } from './artifact-store-cases.ts';

let varDir: string;
beforeAll(async () => (varDir = await mkdtemp(path.join(tmpdir(), 'copyloop-folder-'))));
afterAll(async () => await rm(varDir, { recursive: true, force: true }));

function openStore() {
  const { config } = loadConfig({ env: {} });
  return createArtifactStore({ ...config.storage, varDir });
}

describe('the folder store', () => {
  describeArtifactStore(async () => openStore());

  it('reports bytes that were changed behind its back, and hands out no file of them', async () => {
    const store = openStore();
    await store.put('damaged/x', 'as it was written');
    await writeFile(path.join(varDir, 'artifacts', 'files', 'damaged', 'x'), 'as it was writtem');
    const damaged = { code: 'bad-data', message: expect.stringContaining('damaged/x is damaged') };
    await expect(store.readText('damaged/x')).rejects.toMatchObject(damaged);
    const copy = path.join(varDir, 'copy');
    await expect(store.fetchFile('damaged/x', copy)).rejects.toMatchObject(damaged);
    expect((await readdir(varDir)).filter((name) => name.startsWith('copy'))).toEqual([]);
  });

  it('follows no symbolic link, neither to read, to write, to list nor to delete', async () => {
    const store = openStore();
    await store.put('links/real', 'x');
    const outside = path.join(varDir, 'outside');
    await mkdir(outside);
    await writeFile(path.join(outside, 'secret'), 'secret');
    const links = path.join(varDir, 'artifacts', 'files', 'links');
    await symlink(outside, path.join(links, 'folder'));
    await symlink(path.join(outside, 'secret'), path.join(links, 'file'));
    const refused = { code: 'forbidden', message: expect.stringContaining('symbolic link') };
    for (const key of ['links/folder/secret', 'links/file']) {
      await expect(store.readText(key)).rejects.toMatchObject(refused);
      await expect(store.put(key, 'overwritten')).rejects.toMatchObject(refused);
      await expect(store.delete(key)).rejects.toMatchObject(refused);
    }
    await expect(store.put('links/folder/new/deep', 'x')).rejects.toMatchObject(refused);
    await expect(store.list('links/folder')).rejects.toMatchObject(refused);
    await expect(store.deletePrefix('links/folder')).rejects.toMatchObject(refused);
    expect((await store.list('links')).map((entry) => entry.key)).toEqual(['links/real']);
    expect(await readFile(path.join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(await readdir(outside)).toEqual(['secret']);
  });

  it('says that a file cannot be a folder, nor a folder a file', async () => {
    const store = openStore();
    await store.put('clash/a', 'x');
    await expect(store.put('clash/a/b', 'x')).rejects.toMatchObject({ code: 'conflict' });
    await expect(store.put('clash', 'x')).rejects.toMatchObject({ code: 'conflict' });
    expect(await store.readText('clash/a')).toBe('x');
  });

  it('never shows a mixture while twenty writers share a key', async () => {
    const store = openStore();
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
    await store.put('shared', contents[0] ?? '');
    const reads: Promise<string>[] = [];
    await Promise.all(
      contents.map(async (content) => {
        reads.push(store.readText('shared'));
        await store.put('shared', content);
      }),
    );
    for (const text of await Promise.all(reads)) expect(contents).toContain(text);
    expect(contents).toContain(await store.readText('shared'));
    expect(await readdir(path.join(varDir, 'artifacts', 'incoming'))).toEqual([]);
  });
});
