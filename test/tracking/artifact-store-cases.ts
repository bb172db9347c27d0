/** What every artifact store must do, whatever it is made of. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { sha256Hex } from '../../src/core/ids.ts';

/** Ways out of the root that were reported against MLflow and others, and their relatives. */
export const EVIL_KEYS = [
  '',
  '/',
  '.',
  '..',
  '../secret',
  'a/../../secret',
  'a/./b',
  'a//b',
  '/etc/passwd',
  '//etc/passwd',
  '\\..\\secret',
  'a\\..\\..\\secret',
  'C:/Windows/win.ini',
  'C:\\Windows\\win.ini',
  'c:secret',
  'file:///etc/passwd',
  'file:/etc/passwd',
  'FILE:etc',
  's3://bucket/key',
  'http:x',
  '%2e%2e/secret',
  '%2E%2E%2Fsecret',
  '%252e%252e%252fsecret',
  '..%2fsecret',
  '..%5csecret',
  '%5c..%5csecret',
  '%2fetc/passwd',
  'a%00b',
  'a\u0000b',
  'a\nb',
  'a#/../../secret',
  '#/../secret',
  'a%23b',
  'a%2523b',
  'n'.repeat(241),
  `${'ab/'.repeat(400)}x`,
  '\ud800',
];

async function* brokenBody() {
  yield Buffer.alloc(100_000);
  throw new Error('the sender went away');
}

/** A name that a store cannot keep, and why; it must say so, not lose or mix up anything. */
export interface Exception {
  key: string;
  reason: string;
}

export function describeArtifactStore(
  open: () => Promise<ArtifactStore>,
  exceptions: readonly Exception[] = [],
): void {
  let store: ArtifactStore;
  let folder: string;
  beforeAll(async () => {
    store = await open();
    folder = await mkdtemp(path.join(tmpdir(), 'copyloop-artifacts-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it('gives back what was put, with its size and sha256', async () => {
    const stored = await store.put('runs/a/notes.txt', 'héllo');
    expect(stored).toEqual({ sha256: sha256Hex('héllo'), sizeBytes: 6 });
    expect(await store.readText('runs/a/notes.txt')).toBe('héllo');
    expect(await store.sizeOf('runs/a/notes.txt')).toBe(6);
    expect(await store.exists('runs/a/notes.txt')).toBe(true);
  });

  it('keeps an empty artifact', async () => {
    expect(await store.put('runs/a/empty', new Uint8Array())).toMatchObject({ sizeBytes: 0 });
    expect(await store.readText('runs/a/empty')).toBe('');
  });

  it('overwrites whole', async () => {
    await store.put('runs/a/again', 'the first, longer content');
    await store.put('runs/a/again', 'second');
    expect(await store.readText('runs/a/again')).toBe('second');
  });

  it('streams a long body in and out, in chunks of any size', async () => {
    const hash = createHash('sha256');
    async function* body() {
      for (let i = 0; i < 300; i += 1) {
        const chunk = Buffer.alloc(40_000 + i * 7, i);
        hash.update(chunk);
        yield chunk;
      }
    }
    const stored = await store.put('long.bin', body());
    expect(stored.sha256).toBe(hash.digest('hex'));
    const file = path.join(folder, 'deep', 'long.bin');
    await store.fetchFile('long.bin', file);
    expect(sha256Hex(await readFile(file))).toBe(stored.sha256);
    expect(await store.putFile('copy.bin', file)).toEqual(stored);
    await store.fetchFile('copy.bin', file);
    expect(sha256Hex(await readFile(file))).toBe(stored.sha256);
  });

  it('leaves nothing of a body that breaks off', async () => {
    await expect(store.put('broken/x', brokenBody())).rejects.toThrow('the sender went away');
    expect(await store.exists('broken/x')).toBe(false);
    expect(await store.list('broken')).toEqual([]);
  });

  it('keeps the former content when the new body breaks off', async () => {
    await store.put('kept', 'former');
    await expect(store.put('kept', brokenBody())).rejects.toThrow('the sender went away');
    expect(await store.readText('kept')).toBe('former');
  });

  it('lists below a folder and not below its namesakes', async () => {
    for (const key of ['list/a/1', 'list/a/b/2', 'list/ab/3', 'list/c']) await store.put(key, key);
    expect((await store.list('list')).map((entry) => entry.key)).toEqual([
      'list/a/1',
      'list/a/b/2',
      'list/ab/3',
      'list/c',
    ]);
    expect(await store.list('list/a/')).toEqual([
      { key: 'list/a/1', sizeBytes: 8 },
      { key: 'list/a/b/2', sizeBytes: 10 },
    ]);
    expect(await store.listFolder('list')).toEqual([
      { key: 'list/a', isFolder: true, sizeBytes: 0 },
      { key: 'list/ab', isFolder: true, sizeBytes: 0 },
      { key: 'list/c', isFolder: false, sizeBytes: 6 },
    ]);
    expect(await store.list('nowhere')).toEqual([]);
    expect(await store.listFolder('nowhere')).toEqual([]);
  });

  it('deletes one artifact, or a folder, and nothing beside it', async () => {
    for (const key of ['gone/a/1', 'gone/a/2', 'gone/ab']) await store.put(key, key);
    await store.delete('gone/a/1');
    await store.delete('gone/a/1');
    expect((await store.list('gone')).map((entry) => entry.key)).toEqual(['gone/a/2', 'gone/ab']);
    await store.deletePrefix('gone/a');
    await store.deletePrefix('gone/a');
    expect((await store.list('gone')).map((entry) => entry.key)).toEqual(['gone/ab']);
  });

  it('says which artifact is not there', async () => {
    const missing = { code: 'not-found', message: 'there is no artifact no/such' };
    await expect(store.get('no/such')).rejects.toMatchObject(missing);
    await expect(store.readText('no/such')).rejects.toMatchObject(missing);
    await expect(store.fetchFile('no/such', path.join(folder, 'x'))).rejects.toMatchObject(missing);
    expect(await store.sizeOf('no/such')).toBeUndefined();
    await store.put('a-folder/x', 'x');
    expect(await store.exists('a-folder')).toBe(false);
    await expect(store.readText('a-folder')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes names with spaces, umlauts, dots, percent signs and emoji', async () => {
    const names = [
      'odd/a b',
      'odd/ü',
      'odd/.hidden',
      'odd/..x',
      'odd/100%',
      'odd/a%20b',
      'odd/🦉',
      'odd/a?b&c=d',
    ].filter((name) => !exceptions.some(({ key }) => key === name));
    for (const key of names) {
      await store.put(key, key);
      expect(await store.readText(key)).toBe(key);
    }
    expect((await store.list('odd')).map(({ key }) => key)).toEqual(names.toSorted());
  });

  it.each(exceptions)('refuses $key: $reason', async ({ key }) => {
    await expect(store.put(key, 'x')).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(store.readText(key)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  describe.each(EVIL_KEYS)('the key %j', (key) => {
    it('is refused by every method', async () => {
      const refused = { code: 'invalid-input', message: expect.stringContaining('Invalid path') };
      const file = path.join(folder, 'evil');
      await expect(store.put(key, 'x')).rejects.toMatchObject(refused);
      await writeFile(file, 'x');
      await expect(store.putFile(key, file)).rejects.toMatchObject(refused);
      await expect(store.get(key)).rejects.toMatchObject(refused);
      await expect(store.readText(key)).rejects.toMatchObject(refused);
      await expect(store.fetchFile(key, path.join(folder, 'out'))).rejects.toMatchObject(refused);
      await expect(store.sizeOf(key)).rejects.toMatchObject(refused);
      await expect(store.exists(key)).rejects.toMatchObject(refused);
      await expect(store.delete(key)).rejects.toMatchObject(refused);
      await expect(store.deletePrefix(key)).rejects.toMatchObject(refused);
      if (key === '') return;
      await expect(store.list(key)).rejects.toMatchObject(refused);
      await expect(store.listFolder(key)).rejects.toMatchObject(refused);
      expect(await readdir(folder)).not.toContain('out');
    });
  });
}
