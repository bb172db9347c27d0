import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainFullDisk, makeVarDir } from '../../src/core/var-dir.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-var-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the local folder', () => {
  it('is made with its parents, once or again, and holds nothing then', async () => {
    const varDir = path.join(folder, 'a', 'b', 'var');
    await Promise.all([makeVarDir(varDir), makeVarDir(varDir)]);
    await makeVarDir(varDir);
    expect(await readdir(varDir)).toEqual([]);
  });

  it('is refused below a file, and where it is a file, naming it', async () => {
    const file = path.join(folder, 'file');
    await writeFile(file, '');
    for (const varDir of [file, path.join(file, 'var')]) {
      await expect(makeVarDir(varDir)).rejects.toMatchObject({
        code: 'invalid-config',
        message: expect.stringContaining(`${file} is a file; choose a folder that you may write`) as string,
      });
    }
  });

  // Nobody can write there, the administrator neither: a read-only file system for every account.
  it.skipIf(!existsSync('/proc/self'))(
    'is refused where the file system takes none, instead of trying for ever',
    async () => {
      await expect(makeVarDir('/proc/x/var')).rejects.toThrow(
        /local folder \/proc\/x\/var cannot be used: \/proc takes no folder \(ENOENT\); choose .* --var/,
      );
      await expect(makeVarDir('/proc')).rejects.toThrow(/\/proc is not writable \(ENOENT\)/);
    },
  );
});

it('a write that the disk refuses is told with the folder and the reason, and another error is left as it is', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EFBIG', 'EIO'])
    expect(explainFullDisk(Object.assign(new Error('write'), { code }), '/data')).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(new RegExp(`^the disk of /data .*${code}`, 'u')) as string,
    });
  for (const thrown of [new Error('write'), Object.assign(new Error('x'), { code: 'ENOENT' })])
    expect(explainFullDisk(thrown, '/data')).toBeUndefined();
});
