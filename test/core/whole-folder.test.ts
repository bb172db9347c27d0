import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pathExists } from '../../src/core/path-exists.ts';
import { removePartialFolders, writeWholeFolder } from '../../src/core/whole-folder.ts';

let parent: string;
beforeEach(async () => (parent = await mkdtemp(path.join(tmpdir(), 'copyloop-whole-'))));
afterEach(async () => await rm(parent, { recursive: true, force: true }));

describe('a whole folder', () => {
  it('appears with all of its files, and not before', async () => {
    const directory = path.join(parent, 'model');
    await writeWholeFolder(directory, async (partial) => {
      await writeFile(path.join(partial, 'a'), '1');
      expect(await pathExists(directory)).toBe(false);
    });
    expect(await readdir(parent)).toEqual(['model']);
    expect(await readdir(directory)).toEqual(['a']);
  });

  it('leaves nothing of a writing that failed or was cancelled', async () => {
    const directory = path.join(parent, 'model');
    const failing = writeWholeFolder(directory, async (partial) => {
      await writeFile(path.join(partial, 'a'), '1');
      throw new Error('no space');
    });
    await expect(failing).rejects.toThrow('no space');
    const cancelled = writeWholeFolder(directory, async () => {}, { signal: AbortSignal.abort() });
    await expect(cancelled).rejects.toThrow('aborted');
    expect(await readdir(parent)).toEqual([]);
  });

  it('gives way to the one that another process has put there', async () => {
    const directory = path.join(parent, 'base');
    const other = path.join(directory, 'config.json');
    await writeWholeFolder(
      directory,
      async () => {
        await mkdir(directory);
        await writeFile(other, '{}');
      },
      { isThere: async () => await pathExists(other) },
    );
    expect(await readdir(parent)).toEqual(['base']);
    expect(await readdir(directory)).toEqual(['config.json']);
  });

  it('loses only leftovers of its own name and of age', async () => {
    const [old, fresh, other] = ['a.b1b2c3d4.partial', 'a.a1b2c3d4.partial', 'a.b.a1b2c3d4.partial'];
    for (const name of [old, fresh, other]) await mkdir(path.join(parent, name));
    await utimes(path.join(parent, old), 0, 0);
    await removePartialFolders(parent, { olderThanMs: 60_000 });
    expect((await readdir(parent)).toSorted()).toEqual([fresh, other]);
    await removePartialFolders(parent, { name: 'a' });
    expect(await readdir(parent)).toEqual([other]);
  });
});
