import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createSilentLogger } from '../../src/core/log.ts';
import { createFolderStore } from '../../src/tracking/index.ts';
import { withSharedCheckpoint } from '../../src/workers/stages/shared-checkpoint.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'copyloop-shared-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe.each([0, 60_000])('a training whose own checkpoint does not fit, copied every %i ms', (everyMs) => {
  it('begins again without the checkpoint, and only once', async () => {
    const directory = path.join(root, 'checkpoints');
    await mkdir(directory);
    await writeFile(path.join(directory, 'checkpoint.safetensors'), 'of another thread count');
    const found: string[][] = [];
    const train = async (): Promise<string> => {
      const files = await readdir(directory).catch(() => []);
      found.push(files);
      if (files.length > 0) throw new AppError('conflict', 'it belongs to another training');
      return 'trained';
    };
    const artifacts = createFolderStore(path.join(root, 'artifacts'));
    const signal = new AbortController().signal;
    const log = createSilentLogger();
    const options = { artifacts, folder: 'checkpoints/run/full', directory, everyMs, signal, log };
    expect(await withSharedCheckpoint(train, options)).toBe('trained');
    expect(found).toEqual([['checkpoint.safetensors'], []]);

    const refused = withSharedCheckpoint(
      () => Promise.reject(new AppError('conflict', 'it belongs to another training')),
      options,
    );
    await expect(refused).rejects.toMatchObject({ code: 'conflict' });
  });
});
