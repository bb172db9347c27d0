import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readRecipe } from '../../src/ml/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-recipes-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Makes a folder `name` with one recipe of that name. */
async function writeRecipe(name: string, yaml: string): Promise<string> {
  const own = path.join(folder, name);
  await mkdir(own, { recursive: true });
  await writeFile(path.join(own, `${name}.yaml`), yaml);
  return own;
}

describe('the folder of the recipes', () => {
  const home = process.cwd();
  beforeEach(() => process.chdir(folder));
  afterEach(() => process.chdir(home));

  it('is looked for in the working directory', async () => {
    await writeRecipe('mine', 'trainer: full\nepochs: 7\n');
    expect(await readRecipe('mine', 'mine')).toMatchObject({ name: 'mine', epochs: 7 });
  });

  it('is that of the package where the working directory has none of its name', async () => {
    expect(await readRecipe('config/recipes', 'reference')).toMatchObject({ epochs: 3 });
  });

  it('is named, with the recipes in it, when the recipe asked for is not there', async () => {
    const own = await writeRecipe('only', 'trainer: full\n');
    await expect(readRecipe(own, 'other')).rejects.toMatchObject({
      code: 'invalid-config',
      message: /"other" cannot be read from .*recipes there are: only/,
    });
  });
});
