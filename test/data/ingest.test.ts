import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DestinationPolicy } from '../../src/core/outbound-policy.ts';
import {
  ingestRecords,
  type IngestOptions,
  type LabelledRecord,
  type RefusedRow,
} from '../../src/data/index.ts';
import { createFolderStore } from '../../src/tracking/artifacts/folder-store.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-ingest-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

type Change = Partial<Omit<IngestOptions, 'source' | 'label'>> & {
  source?: Partial<IngestOptions['source']>;
  label?: Partial<IngestOptions['label']>;
  destinations?: DestinationPolicy;
};

async function ingest(change: Change) {
  const store = createFolderStore(path.join(folder, 'store'));
  const result = await ingestRecords(
    {
      source: {
        kind: 'file',
        count: 1,
        seed: 1,
        path: null,
        url: null,
        timeoutMs: 5000,
        maxBytes: 10_000_000,
        ...change.source,
      },
      map: change.map ?? {},
      label: { threshold: 3.5, column: null, ...change.label },
      refusedKept: change.refusedKept ?? 100,
    },
    { store, keyPrefix: `runs/r-${files++}/raw`, destinations: change.destinations },
  );
  const readLines = async <T>(key: string): Promise<T[]> =>
    (await store.readText(key))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  return {
    result,
    records: await readLines<LabelledRecord>(result.rawKey),
    refused: result.refusedKey === '' ? [] : await readLines<RefusedRow>(result.refusedKey),
  };
}

async function ingestText(name: string, content: string | Uint8Array, change: Change = {}) {
  const file = path.join(folder, `${files++}-${name}`);
  await writeFile(file, content);
  return await ingest({ ...change, source: { ...change.source, path: file } });
}

const HEADER = 'id,title,description,rating\n';

describe('a CSV file', () => {
  it('may quote, break lines inside quotes, carry a mark and use semicolons', async () => {
    const { records } = await ingestText(
      'a.csv',
      '\ufeffid;title;description;rating\r\n1;"a ""b""; c";"two\nlines";4.5\r\n2;x;y;1\r\n',
    );
    expect(records).toMatchObject([
      {
        id: '1',
        title: 'a "b"; c',
        description: 'two\nlines',
        rating: 4.5,
        label: 1,
        price: null,
        category: '',
      },
      { id: '2', label: 0 },
    ]);
  });

  it('loses only the rows that are wrong, each with its line, field, value and reason', async () => {
    const rows = [
      Buffer.from(`${HEADER}1,one,"first\nrow",4\n2,two,nul \u0000 inside,4\n3,three,ök,good\n`),
      Buffer.from('4,four,caf\xe9,4\n', 'latin1'),
      Buffer.from('1,again,same id,4\n6,six,4\n7,,,4\n8,eight,no rating,\n9,nine,fine,2\n'),
      Buffer.from(`10,${'long '.repeat(300)},x,3\n11,eleven,"never closed,3\n12,lost,lost,4\n`),
    ];
    const { records, refused, result } = await ingestText('b.csv', Buffer.concat(rows));
    expect(records.map((record) => record.id)).toEqual(['1', '1', '9']);
    expect(result).toMatchObject({ accepted: 3, refused: 8, unrated: 1, repeatsIds: true });
    expect(refused.map(({ line, field }) => `${line} ${field}`)).toEqual([
      '4 description',
      '5 rating',
      '6 description',
      '8 row',
      '9 description',
      '10 rating',
      '12 title',
      '13 row',
    ]);
    expect(refused.map((row) => row.reason).join('\n')).toMatchInlineSnapshot(`
      "holds the control character \\x00; only tab and line breaks are allowed
      must be a number
      is not UTF-8: name the encoding of the file (--encoding windows-1252), or save it as UTF-8
      has 3 fields where the first row has 4
      title and description are both empty
      is empty, so the record has no label
      must have at most 1000 characters
      opens a quote in its column 3 that is never closed: the rest of the file counts as this row"
    `);
    expect(refused[1]?.value).toBe('good');
  });

  it('is refused as a whole, naming its columns, when a mapped one is missing', async () => {
    await expect(
      ingestText('c.csv', 'Name,Text,Stars\na,b,3\n', { map: { title: 'Titel', rating: 'Stars' } }),
    ).rejects.toMatchObject({
      code: 'bad-data',
      message: 'no column "Titel" for title. The columns are: "Name", "Text", "Stars".',
    });
    await expect(ingestText('c.csv', 'title,Stars\na,3\n')).rejects.toThrow('--label-column COLUMN');
    await expect(ingestText('c.csv', 'Name,rating\na,3\n')).rejects.toThrow('--map description=COLUMN');
  });

  it('maps columns, reads a 0/1 label, and leaves what is not there empty', async () => {
    const { records } = await ingestText('d.csv', 'Name,Good\na,1\nb,0\nc,2\n', {
      map: { title: 'Name' },
      label: { column: 'Good' },
    });
    expect(records).toEqual([
      {
        id: '',
        title: 'a',
        category: '',
        description: '',
        price: null,
        rating: null,
        timestamp: null,
        label: 1,
      },
      {
        id: '',
        title: 'b',
        category: '',
        description: '',
        price: null,
        rating: null,
        timestamp: null,
        label: 0,
      },
    ]);
  });

  it('keeps ratings of another scale: only the label rule reads them', async () => {
    const { records } = await ingestText('e.csv', `${HEADER}1,a,b,80\n2,a2,b,20\n`, {
      label: { threshold: 50 },
    });
    expect(records.map(({ rating, label }) => [rating, label])).toEqual([
      [80, 1],
      [20, 0],
    ]);
  });

  it('stops with the reasons when nothing usable is left, and says so for an empty file', async () => {
    await expect(ingestText('f.csv', `${HEADER}1,a,b,bad\n`)).rejects.toMatchObject({ code: 'bad-data' });
    await expect(ingestText('f.csv', `${HEADER}1,a,b,bad\n`)).rejects.toThrow(
      'line 2: rating "bad" must be a number',
    );
    await expect(ingestText('f.csv', HEADER)).rejects.toThrow('holds no records');
    await expect(ingestText('f.csv', '')).rejects.toThrow('holds no rows');
  });

  it('counts the reasons when nothing usable is left, the commonest first', async () => {
    const text = `${HEADER}1,a,b,\n2,a,b,bad\n3,a,b,worse\n4,a\n${'5,,,4\n'.repeat(3)}6,a,b,4,5,6\n`;
    await expect(ingestText('f.csv', text)).rejects.toThrow(
      'all 8 rows were refused: 3 as line 6: description "" title and description are both empty; ' +
        '2 as line 3: rating "bad" must be a number; 1 as line 2: rating "" is empty, so the record has no label; 2 for other reasons. Its fields are: id,',
    );
  });

  it('of Windows-1252 is read where every byte makes sense in it, and asked about where some do not', async () => {
    const text = `${HEADER}1,Café,b,4\n2,Thé,b,2\n`;
    const { records } = await ingestText('f.csv', Buffer.from(text, 'latin1'));
    expect(records.map(({ title }) => title)).toEqual(['Café', 'Thé']);
    // é of a Mac is Ž in Windows-1252, and no word holds it inside.
    const mac = Buffer.from(text.replaceAll('é', '\u008e'), 'latin1');
    await expect(ingestText('f.csv', mac)).rejects.toThrow(
      /neither UTF-8 nor plainly Windows-1252: .*--encoding/,
    );
    const named = await ingestText('f.csv', mac, { source: { encoding: 'macintosh' } });
    expect(named.records.map(({ title }) => title)).toEqual(['Café', 'Thé']);
  });

  it('keeps the first refused rows and counts the rest', async () => {
    const bad = Array.from({ length: 50 }, (_, i) => `${i},a,b,bad\n`).join('');
    const { refused, result } = await ingestText('g.csv', `${HEADER}x,a,b,4\n${bad}`, { refusedKept: 5 });
    expect([refused.length, result.refused]).toEqual([5, 50]);
  });
});

describe('other files', () => {
  it('take a table without header by column numbers, quotes of a TSV being plain characters', async () => {
    const { records } = await ingestText('a.tsv', '"so so , he said\t0\na "great" one\t1\n', {
      map: { description: '1' },
      label: { column: '2' },
    });
    expect(records.map(({ description, label }) => [description, label])).toEqual([
      ['"so so , he said', 0],
      ['a "great" one', 1],
    ]);
  });

  it('take JSON as a list, a list under data, or one object a line, with bad elements refused', async () => {
    const good = '{"title":"a [\\"{","description":"é","rating":4,"nested":{"data":[1,2]}}';
    for (const [name, text] of [
      ['a.json', `[${good}, {"title": }, 7 ,${good}]`],
      ['b.json', `{"status":"ok","meta":{"data":[0]},"data":[${good},{"title": },7,${good}],"after":[1]}`],
      ['c.jsonl', `${good}\n{"title": }\n\n7\n${good}`],
    ] as const) {
      const { records, refused } = await ingestText(name, text);
      expect(records).toHaveLength(2);
      expect(records[0]).toMatchObject({ title: 'a ["{', description: 'é', label: 1 });
      expect(refused.map((row) => row.reason)).toEqual(['is no valid JSON', 'is no JSON object']);
    }
  });

  it('may be UTF-16, with a mark or without', async () => {
    const utf16 = Buffer.from(`\ufeff${HEADER}1,Café,b,4\n`, 'utf16le');
    for (const bytes of [utf16, utf16.subarray(2), Buffer.from(utf16).swap16()]) {
      expect((await ingestText('a.csv', bytes)).records).toMatchObject([{ id: '1', title: 'Café' }]);
    }
  });

  it('are refused with the way out when they are damaged archives, cut short or no list', async () => {
    await expect(ingestText('a.csv', Buffer.from([0x1f, 0x8b, 8, 0]))).rejects.toThrow(
      'damaged or cut short',
    );
    await expect(ingestText('a.json', '[{"title":"a","rating":3},')).rejects.toThrow('breaks off');
    await expect(ingestText('a.json', '{"title":"a"}')).rejects.toThrow('use .jsonl');
    await expect(ingest({ source: { path: path.join(folder, 'none.csv') } })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});

describe('an address', () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  });
  async function serve(answer: (response: ServerResponse) => void): Promise<string> {
    server = createServer((_request, response) => answer(response));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/records?token=secret`;
  }
  it('may answer the body of /generate_data, JSONL or CSV', async () => {
    for (const [type, body] of [
      ['application/json; charset=utf-8', '{"status":"success","data":[{"title":"a","rating":5}]}'],
      ['application/x-ndjson', '{"title":"a","rating":5}\n'],
      ['text/csv', 'title,rating\na,5\n'],
      ['text/plain', '[{"title":"a","rating":5}]'],
    ] as const) {
      const url = await serve((response) => response.writeHead(200, { 'content-type': type }).end(body));
      const { records, result } = await fromUrl(url);
      expect(records).toMatchObject([{ title: 'a', rating: 5, label: 1 }]);
      expect(result.source).not.toContain('secret');
      server?.closeAllConnections();
      await new Promise((resolve) => server?.close(resolve));
    }
  });

  it('is retried when it may answer later, and not when it will not', async () => {
    for (const [status, code, retryable] of [
      [503, 'unavailable', true],
      [429, 'unavailable', true],
      [404, 'not-found', false],
      [401, 'forbidden', false],
      [400, 'bad-data', false],
    ] as const) {
      const url = await serve((response) => response.writeHead(status).end());
      await expect(fromUrl(url)).rejects.toMatchObject({ code, traits: { retryable } });
      await new Promise((resolve) => server?.close(resolve));
    }
    await expect(fromUrl('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('that an outsider named is read only where the policy lets it', async () => {
    let requests = 0;
    const url = await serve((response) => {
      requests += 1;
      response.writeHead(200, { 'content-type': 'application/json' }).end('[{"title":"a","rating":5}]');
    });
    const source = { kind: 'http', url } as const;
    await expect(ingest({ source, destinations: { allowHosts: [] } })).rejects.toMatchObject({
      code: 'forbidden',
      traits: { retryable: false },
    });
    expect(requests).toBe(0);
    const { records } = await ingest({ source, destinations: { allowHosts: ['127.0.0.1'] } });
    expect(records).toHaveLength(1);
  });

  it('is given up beyond its size and its time', async () => {
    const large = await serve((response) => response.writeHead(200).end('x'.repeat(5000)));
    await expect(fromUrl(large, { maxBytes: 1000 })).rejects.toMatchObject({ code: 'payload-too-large' });
    await new Promise((resolve) => server?.close(resolve));
    const stalled = await serve((response) => response.writeHead(200).write('[{"title":"a","rating":5},'));
    await expect(fromUrl(stalled, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'timed-out' });
  });
});

async function fromUrl(url: string, change: Partial<IngestOptions['source']> = {}) {
  return await ingest({ source: { kind: 'http', url, ...change } });
}
