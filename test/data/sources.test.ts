import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, SOURCE_KINDS } from '../../src/core/config/index.ts';
import {
  DATA_SOURCES,
  findProducts,
  hashSplitKey,
  ingestRecords,
  splitOf,
  type DataSource,
} from '../../src/data/index.ts';
import { createFolderStore } from '../../src/tracking/artifacts/folder-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-sources-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

describe('a data source', () => {
  it('is one row that opens and describes it', async () => {
    const clock: DataSource = {
      open: () =>
        Promise.resolve({
          layout: {
            format: 'records',
            encoding: 'utf-8',
            delimiter: null,
            quote: null,
            headerLine: null,
            ignoredLines: [],
            marks: [],
          },
          columns: ['title', 'rating'],
          read: async function* read() {
            yield { line: 1, values: { title: 'tick', rating: 5 } };
            yield { line: 2, values: { title: 'tock', rating: 1 } };
          },
        }),
      describe: () => 'the clock',
    };
    const { data } = loadConfig({ env: {} }).config;
    const store = createFolderStore(folder);
    // The kind stands for a new row of the table: everything else is as for the others.
    const result = await ingestRecords(
      { ...data, source: { ...data.source, kind: 'file' } },
      { store, keyPrefix: 'raw' },
      { ...DATA_SOURCES, file: clock },
    );
    expect(result).toMatchObject({ source: 'the clock', accepted: 2, refused: 0 });
  });

  it('has a row for every kind that the configuration knows', () => {
    expect(Object.keys(DATA_SOURCES).toSorted()).toEqual(SOURCE_KINDS.toSorted());
  });

  it('that draws its records does not heed a map that was kept for a header like theirs', async () => {
    const { data } = loadConfig({ env: {} }).config;
    const { accepted, refused } = await ingestRecords(
      { ...data, source: { ...data.source, kind: 'synthetic', count: 20 } },
      {
        store: createFolderStore(folder),
        keyPrefix: 'drawn',
        maps: { find: () => Promise.resolve({ rating: 'title' }) },
      },
    );
    expect([accepted, refused]).toEqual([20, 0]);
  });

  it('has its keys known to files and variables with the defaults of its row', () => {
    const { config } = loadConfig({ env: { COPYLOOP_DATA__SOURCE__ENCODING: 'windows-1252' } });
    expect([config.data.source.encoding, config.data.source.sheet]).toEqual(['windows-1252', null]);
  });
});

describe('an address that asks who is there', () => {
  it.each([
    ['maria:s3cret', `Basic ${Buffer.from('maria:s3cret').toString('base64')}`],
    ['maria:two words', `Basic ${Buffer.from('maria:two words').toString('base64')}`],
    ['abc.def', 'Bearer abc.def'],
    ['Authorization: Token abc', 'Token abc'],
  ])('is told by the file that the source names: %j', async (held, sent) => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, answer) => {
      asked.push(request.headers.authorization);
      answer.end('title,rating\nLamp,5\nTray,1\n');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    try {
      const credentialsFile = path.join(folder, 'credentials');
      await writeFile(credentialsFile, `${held}\n`);
      const { data } = loadConfig({ env: {} }).config;
      const { port } = server.address() as AddressInfo;
      const source = {
        ...data.source,
        kind: 'http' as const,
        url: `http://127.0.0.1:${port}/feed.csv`,
        credentialsFile,
      };
      const result = await ingestRecords(
        { ...data, source },
        { store: createFolderStore(folder), keyPrefix: 'http' },
      );
      expect([asked, result.accepted]).toEqual([[sent], 2]);
    } finally {
      server.close();
    }
  });

  it('is not asked where that file holds what no header can, and the secret is not told', async () => {
    const credentialsFile = path.join(folder, 'wide');
    await writeFile(credentialsFile, Buffer.from('s3cret', 'utf16le'));
    const { data } = loadConfig({ env: {} }).config;
    const source = { ...data.source, kind: 'http' as const, url: 'http://127.0.0.1:9/', credentialsFile };
    await expect(
      ingestRecords({ ...data, source }, { store: createFolderStore(folder), keyPrefix: 'http' }),
    ).rejects.toThrow(`${credentialsFile} must hold ASCII`);
  });

  it('is not asked where that file is away', async () => {
    const { data } = loadConfig({ env: {} }).config;
    const source = {
      ...data.source,
      kind: 'http' as const,
      url: 'http://127.0.0.1:9/',
      credentialsFile: '/nowhere/at/all',
    };
    await expect(
      ingestRecords({ ...data, source }, { store: createFolderStore(folder), keyPrefix: 'http' }),
    ).rejects.toThrow('data.source.credentialsFile cannot be read');
  });
});

describe('rows of one product', () => {
  it('stay on one side of the split, and rows that stand alone go by their text', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      id: i < 100 ? `p${i % 20}` : `q${i}`,
      title: `T${i}`,
      description: `text ${i}`,
    }));
    const groupOf = await findProducts(rows);
    const fractions = { holdoutFraction: 0.3, validationFraction: 0.3 };
    const sides = new Map<string, Set<string>>();
    for (const row of rows) {
      const group = groupOf(row.id);
      expect(group).toBe(row.id.startsWith('p') ? row.id : undefined);
      const split = splitOf(hashSplitKey({ ...row, group }), fractions);
      if (group === undefined) expect(split).toBe(splitOf(hashSplitKey(row), fractions));
      else sides.set(group, (sides.get(group) ?? new Set()).add(split));
    }
    expect([...sides.values()].map(({ size }) => size)).toEqual(Array.from({ length: 20 }, () => 1));
    expect(new Set([...sides.values()].flatMap((side) => [...side])).size).toBeGreaterThan(1);
  });
});
