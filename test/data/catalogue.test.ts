import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';
import { openCatalogue, type CatalogueRow, type FieldMap } from '../../src/data/index.ts';
import { createArtifactStore } from '../../src/tracking/index.ts';
import { loadConfig } from '../../src/core/config/index.ts';

let folder = '';
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-catalogue-'));
  const { storage } = loadConfig({ env: {} }).config;
  store = createArtifactStore({ ...storage, varDir: folder });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(
  text: string,
  map: FieldMap = {},
  name = 'upload',
  remember?: (columns: readonly string[]) => Promise<void>,
): Promise<CatalogueRow[]> {
  await store.put('catalogue', text);
  const rows = await openCatalogue(
    { kind: 'artifact', key: 'catalogue', name, format: null },
    {
      store,
      map,
      remember,
      limits: { timeoutMs: 1000, maxBytes: 1000, destinations: { allowHosts: [] } },
      signal: new AbortController().signal,
    },
  );
  const read: CatalogueRow[] = [];
  for await (const row of rows) read.push(row);
  return read;
}

const lamp = { id: '', title: 'Lamp', category: '', description: 'A bright lamp.' };

describe('a catalogue', () => {
  it.each([
    ['csv', 'title,description\nLamp,A bright lamp.\n', 2],
    ['tsv', 'title\tdescription\nLamp\tA bright lamp.\n', 2],
    ['jsonl', '{"title": "Lamp", "description": "A bright lamp."}\n', 1],
    ['json', '[{"title": "Lamp", "description": "A bright lamp."}]', 1],
  ])('that does not say that it is %s is known by its first bytes', async (_, text, line) => {
    expect(await read(text)).toEqual([{ line, product: lamp }]);
  });

  it('has its map kept once products were read by it, and never where all of its rows are refused', async () => {
    const kept: (readonly string[])[] = [];
    const remember = (columns: readonly string[]) => Promise.resolve(void kept.push(columns));
    const map = { title: 'Name', description: 'Text' };
    await read('Name,Text\n,No title.\n', map, 'upload', remember);
    expect(kept).toEqual([]);
    await read('Name,Text\nLamp,Bright.\n', map, 'upload', remember);
    expect(kept).toEqual([['Name', 'Text']]);
  });

  it('is read by its column map; neither rating nor label is needed, and a price in words harms nobody', async () => {
    const rows = await read('Name,Text,price\nLamp,A bright lamp.,twenty euros\n', {
      title: 'Name',
      description: 'Text',
    });
    expect(rows).toEqual([{ line: 2, product: lamp }]);
  });

  it('says of each row that cannot be predicted why, and goes on', async () => {
    const rows = await read('title,description\n,nameless\nLamp,A bright lamp.\nLamp,one,two\n');
    expect(rows).toEqual([
      { line: 2, fault: { field: 'title', value: '', reason: 'must not be empty' } },
      { line: 3, product: lamp },
      { line: 4, fault: expect.objectContaining({ field: 'row' }) as unknown },
    ]);
  });

  it('that lacks a mapped column is refused with the columns there are', async () => {
    await expect(read('title,description\nLamp,x\n', { title: 'Name' })).rejects.toThrow(
      'no column "Name" for title. The columns are: "title", "description"',
    );
  });
});
