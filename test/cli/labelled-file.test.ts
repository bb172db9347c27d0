import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readLabelledFile, type LabelledFile } from '../../src/cli/labelled-file.ts';
import { loadConfig } from '../../src/core/config/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-labelled-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(...lines: string[]): Promise<LabelledFile> {
  const file = path.join(folder, 'rows.csv');
  await writeFile(file, ['title,description,label', ...lines].join('\n'));
  const { data } = loadConfig({ env: {} }).config;
  const options = { ...data, label: { ...data.label, column: 'label' } };
  return await readLabelledFile(file, { data: options, signal: new AbortController().signal });
}

it('drops the duplicates of a file as a run does: the later row of one text stays', async () => {
  const { records, duplicates } = await read('Lamp,warm light,0', 'Chair,solid,1', 'LAMP,warm  light,1');
  expect(duplicates).toBe(1);
  expect(Object.fromEntries(records.map(({ title, label }) => [title, label]))).toEqual({
    Chair: 1,
    LAMP: 1,
  });
});

it('gives the rows in one order, whatever that of the file', async () => {
  const lines = ['Lamp,warm light,0', 'Chair,solid,1', 'Table,wobbles,0', 'Shelf,straight,1'];
  const titles = ({ records }: LabelledFile): string[] => records.map(({ title }) => title);
  expect(titles(await read(...lines.toReversed()))).toEqual(titles(await read(...lines)));
});
