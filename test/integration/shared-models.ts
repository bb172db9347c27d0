/**
 * The tiny models that most files serve: trained by whichever file needs them first, copied by the others.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { inject } from 'vitest';
import { trainTinyModels } from '../../fixtures/tiny-models.ts';
import { sleep } from '../../src/core/clock.ts';

const TRAINED = ['first', 'second'];

/** As `trainTinyModels`: different models below `folder`, one for each name, at most two. */
export async function copyTinyModels(folder: string, names: readonly string[]): Promise<string[]> {
  const shared = path.join(inject('suiteFolder'), 'models');
  const lock = `${shared}.lock`;
  while (!(await mkdir(lock).then(() => true, isTaken))) await sleep(50);
  try {
    if (!existsSync(path.join(shared, 'done'))) {
      await mkdir(shared, { recursive: true });
      await trainTinyModels(shared, TRAINED);
      await mkdir(path.join(shared, 'done'));
    }
  } finally {
    await rmdir(lock);
  }
  return await Promise.all(
    names.map(async (name, index) => {
      const trained = TRAINED[index];
      if (trained === undefined) throw new Error(`only ${TRAINED.length} models are shared`);
      const copy = path.join(folder, name);
      await cp(path.join(shared, trained), copy, { recursive: true });
      return copy;
    }),
  );
}

function isTaken(error: NodeJS.ErrnoException): boolean {
  if (error.code === 'EEXIST') return false;
  throw error;
}
