/** The train command as the command line calls it, with real trainings of a tiny base. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Terminal } from '../../src/cli/command.ts';
import { trainCommand } from '../../src/cli/commands/train.ts';
import { readManifest } from '../../src/ml/index.ts';
import { writeTinyBase, writeTinyRows } from '../../fixtures/tiny-base.ts';

let folder: string;
let data: string;
const at = (name: string): string => path.join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-train-command-'));
  data = await writeTinyRows(at('rows.csv'), 160, 1);
  await writeTinyBase(at('base'));
  await mkdir(at('recipes'));
  await writeFile(at('recipes/head.yaml'), 'trainer: head\nepochs: 2\nmaxLength: 16\n');
});
afterAll(() => rm(folder, { recursive: true }));

interface Heard {
  printed: string[];
  noted: string[];
}

/** Runs `copyloop train`; `split` overrides the shares of the configuration. */
async function train(
  options: Record<string, string>,
  {
    base = at('base'),
    split = {},
    noted = [],
  }: { base?: string; split?: Record<string, number>; noted?: string[] } = {},
): Promise<Heard> {
  const config = at('config.yaml');
  await writeFile(config, stringify({ model: { base, recipes: at('recipes') }, data: { split } }));
  const heard: Heard = { printed: [], noted };
  const terminal: Terminal = {
    print: (text) => void heard.printed.push(text),
    note: (text) => void heard.noted.push(text),
    isInteractive: false,
    columns: 100,
  };
  await trainCommand.run({
    options: { config, threads: '1', data, 'label-column': 'label', ...options },
    positionals: [],
    terminal,
    signal: new AbortController().signal,
  });
  return heard;
}

describe('copyloop train', () => {
  it('finds the base model where a run does, in the working directory first, and records the name it was given', async () => {
    await writeTinyBase(at('assets/encoder'));
    const home = process.cwd();
    process.chdir(folder);
    try {
      await train({ out: 'named' }, { base: 'assets/encoder' });
    } finally {
      process.chdir(home);
    }
    expect((await readManifest(at('named')))?.provenance?.base.name).toBe('assets/encoder');
    const config = async (name: string): Promise<unknown> =>
      (JSON.parse(await readFile(at(`${name}/config.json`), 'utf8')) as { dim: number }).dim;
    expect(await config('named')).toBe(await config('base'));
  });

  it('refuses a place that is taken before it reads or trains anything', async () => {
    await mkdir(at('taken'));
    await expect(train({ out: at('taken'), data: at('nowhere.csv') })).rejects.toMatchObject({
      code: 'already-exists',
      message: /taken exists already: .*name another/,
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('taken'))).toEqual(['taken']);
  });

  it('shows what validation says when no row was held out', async () => {
    const split = { holdoutFraction: 1e-9 };
    const { printed, noted } = await train({ out: at('unjudged') }, { split });
    expect(printed.join('\n')).toMatch(/^validation /m);
    expect(printed.join('\n')).not.toContain('holdout');
    expect(noted.at(-1)).toMatch(/^no row was held out/);
  });

  it('judges by the rows of a holdout file that it has not learnt from, and says how many it left out', async () => {
    const [header, ...rows] = (await readFile(data, 'utf8')).trimEnd().split('\n');
    const others = ['Lamp,"never seen, superb",1', 'Chair,"never seen, torn",0'];
    await writeFile(at('holdout.csv'), [header, ...rows.slice(0, 5), ...others].join('\n'));
    const { noted, printed } = await train({ out: at('judged'), holdout: at('holdout.csv') });
    expect(noted.join('\n')).toMatch(
      /holdout.csv: 7 records.*; 5 left out, because they are among the rows of/,
    );
    expect(printed.join('\n')).toMatch(/^holdout +2 /m);
  });

  it('refuses a holdout file of which it has learnt every row', async () => {
    await expect(train({ out: at('known'), holdout: data })).rejects.toMatchObject({
      code: 'bad-data',
      message: /rows of the holdout file are among the rows to train and validate on/,
    });
    expect((await readdir(folder)).filter((name) => name.startsWith('known'))).toEqual([]);
  });

  it('says why rows were refused before it ends for want of both labels', async () => {
    const rows = ['x,fine,1', 'y,good,1', ...Array.from({ length: 5 }, (_, i) => `t${i},text,maybe`)];
    await writeFile(at('few.csv'), ['title,description,label', ...rows].join('\n'));
    const noted: string[] = [];
    const split = { validationFraction: 0.5, holdoutFraction: 1e-9 };
    await expect(train({ out: at('few'), data: at('few.csv') }, { split, noted })).rejects.toMatchObject({
      code: 'bad-data',
      message: /both labels are needed/,
    });
    expect(noted.join('\n')).toContain(
      `refused of ${at('few.csv')}:\n  5 as line 4: label "maybe" is no label: 0 or 1 is expected`,
    );
  });
});
