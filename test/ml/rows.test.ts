import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifierText } from '../../src/core/classifier-text.ts';
import { readLabelledCsv, splitOpenRows } from '../../src/ml/rows.ts';

describe('labelled rows', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-rows-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const write = async (content: string): Promise<string> => {
    const file = path.join(folder, 'rows.csv');
    await writeFile(file, content);
    return file;
  };

  it('are read by column name, whatever the order, with quoted commas and line breaks', async () => {
    const file = await write('label,extra,description,title\n1,x,"one, two\nthree","a ""b"""\n0,y,text,\n');
    expect(await readLabelledCsv(file)).toEqual([
      { title: 'a "b"', description: 'one, two\nthree', label: 1, weight: 1 },
      { title: '', description: 'text', label: 0, weight: 1 },
    ]);
  });

  it('carry a weight and a category where the file has them', async () => {
    const file = await write('\uFEFFtitle,description,label,weight,category\na,b,1,2.5,Toys\na,c,0,,\n');
    expect(await readLabelledCsv(file)).toEqual([
      { title: 'a', description: 'b', label: 1, weight: 2.5, category: 'Toys' },
      { title: 'a', description: 'c', label: 0, weight: 1 },
    ]);
  });

  it.each([
    ['a missing column', 'title,label\na,1\n', /no column "description"; its header is: title, label/],
    [
      'a label that is neither 0 nor 1',
      'title,description,label\na,b,0\na,b,yes\n',
      /line 3: label must be 0 or 1/,
    ],
    ['a weight of nothing', 'title,description,label,weight\na,b,0,0\n', /line 2: weight must be above 0/],
    ['a row without text', 'title,description,label\n,,1\n', /line 2: title and description are both empty/],
    ['an unclosed quote', 'title,description,label\na,"b,1\n', /no valid CSV/],
    ['a short row', 'title,description,label\na,1\n', /no valid CSV/],
  ])('are refused for %s, saying where', async (_what, content, message) => {
    await expect(readLabelledCsv(await write(content))).rejects.toMatchObject({ code: 'bad-data', message });
  });

  it('of a file that is not there end in not-found', async () => {
    await expect(readLabelledCsv(path.join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('give a classifier the description alone when the title is empty', () => {
    expect(classifierText({ title: '', description: 'soft' })).toBe('soft');
    expect(classifierText({ title: 'Cap', description: 'soft' })).toBe('Cap soft');
  });
});

describe('splitOpenRows', () => {
  it('makes two rows of an open label whose loss together is the cross entropy of the target', () => {
    const [open, certain] = [
      { title: 'a', description: 'b', label: 1 as const, weight: 2, target: 0.7 },
      { title: 'a', description: 'c', label: 0 as const, weight: 1 },
    ];
    const rows = splitOpenRows([open, certain]);
    const lossAt = (p: number): number =>
      rows
        .slice(0, 2)
        .reduce((sum, { label, weight }) => sum - weight * Math.log(label === 1 ? p : 1 - p), 0);
    for (const p of [0.2, 0.7, 0.9])
      expect(lossAt(p)).toBeCloseTo(-2 * (0.7 * Math.log(p) + 0.3 * Math.log(1 - p)), 12);
    expect(rows).toHaveLength(3);
    expect(rows[2]).toEqual(certain);
  });

  it('leaves a row of one label where the target is certain', () => {
    const row = { title: 'a', description: 'b', label: 1 as const, weight: 2 };
    expect(splitOpenRows([{ ...row, target: 1 }])).toEqual([row]);
  });
});
