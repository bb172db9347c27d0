import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseRecipe, readRecipe } from '../../src/ml/recipes.ts';

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

  it('is not left by a name that is a path', async () => {
    const own = await writeRecipe('inside', 'trainer: full\n');
    await writeRecipe('outside', 'trainer: full\n');
    await expect(readRecipe(own, '../outside/outside')).rejects.toMatchObject({
      code: 'invalid-config',
      message: /a name consists of a-z, 0-9 and -\); recipes there are: inside/,
    });
  });
});

describe('a recipe of the head', () => {
  it.each([
    ['warmupFraction', 0.1],
    ['clipNorm', 1],
    ['gradientAccumulation', 4],
    ['frozenLayers', 1],
    ['layerDecay', 0.9],
    ['refit', true],
    ['checkpointEverySteps', 10],
  ])('is refused with %s, which only full reads', async (key, value) => {
    await expect(readRecipe('config/recipes', 'head', { [key]: value })).rejects.toMatchObject({
      code: 'invalid-config',
      message: new RegExp(`${key}: ${value} would have no effect.*trainer: full`),
    });
    expect(await readRecipe('config/recipes', 'full', { [key]: value })).toMatchObject({ [key]: value });
  });

  it('may say what the head does anyway, and is recorded with it', async () => {
    const idle = { warmupFraction: 0, clipNorm: null, gradientAccumulation: 1, layerDecay: 1, refit: false };
    const head = await readRecipe('config/recipes', 'head');
    expect(head).toMatchObject(idle);
    expect(await readRecipe('config/recipes', 'head', idle)).toEqual(head);
  });

  it('is the same when it is read again as it was recorded', async () => {
    const head = await readRecipe('config/recipes', 'head');
    expect(parseRecipe(head, 'the record')).toEqual(head);
  });
});
