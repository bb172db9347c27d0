/**
 * Files as spreadsheets, shops and people write them: what is meant is read, what is contradictory is refused
 * by name.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import {
  ingestRecords,
  inspectSource,
  type FieldMap,
  type LabelledRecord,
  type RefusedRow,
} from '../../src/data/index.ts';
import { createFolderStore } from '../../src/tracking/artifacts/folder-store.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-written-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

interface How {
  name?: string;
  map?: FieldMap;
  column?: string;
  sheet?: string;
}

async function read(content: string | Uint8Array, { name = 'a.csv', map = {}, column, sheet }: How = {}) {
  const file = path.join(folder, `${files++}-${name}`);
  await writeFile(file, content);
  const store = createFolderStore(path.join(folder, 'store'));
  const { source } = loadConfig({ env: {} }).config.data;
  const result = await ingestRecords(
    {
      source: { ...source, kind: 'file', path: file, sheet },
      map,
      label: { threshold: 3.5, column: column ?? null },
      refusedKept: 100,
    },
    { store, keyPrefix: `runs/${files++}/raw` },
  );
  const lines = async <T>(key: string): Promise<T[]> =>
    key === ''
      ? []
      : (await store.readText(key))
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as T);
  const records = await lines<LabelledRecord>(result.rawKey);
  return { result, records, refused: await lines<RefusedRow>(result.refusedKey) };
}

const lampAndTray = [
  { title: 'Lamp', description: 'Warm light.', rating: 4.5, label: 1 },
  { title: 'Tray', description: 'It bent.', rating: 1, label: 0 },
];

describe('the dialect of a file', () => {
  it.each([
    ['a sep= line', 'sep=;\r\ntitle;description;rating\r\nLamp;Warm light.;4.5\r\nTray;It bent.;1.0\r\n'],
    [
      'a quoted sep= line',
      '"sep=;"\r\ntitle;description;rating\r\nLamp;Warm light.;4.5\r\nTray;It bent.;1.0\r\n',
    ],
    ['blank lines first', '\r\n\r\ntitle,description,rating\r\nLamp,Warm light.,4.5\r\nTray,It bent.,1\r\n'],
    [
      'a title and dates first',
      'My shop\n"May 1, 2026"\ntitle,description,rating\nLamp,Warm light.,4.5\nTray,It bent.,1\n',
    ],
    [
      'headings over groups of columns',
      'Text,,Review\ntitle,description,rating\nLamp,Warm light.,4.5\nTray,It bent.,1\n',
    ],
    [
      'a header of LF and rows of CR LF',
      'title,description,rating\nLamp,"Warm light.",4.5\r\nTray,"It bent.",1\r\n',
    ],
    [
      'a header of CR LF and rows of LF',
      'title,description,rating\r\n"Lamp",Warm light.,4.5\nTray,It bent.,1\n',
    ],
    ['lines of CR alone', 'title,description,rating\rLamp,Warm light.,4.5\rTray,"It bent.",1\r'],
    ['tabs', 'title\tdescription\trating\nLamp\tWarm light.\t4.5\nTray\tIt bent.\t1\n'],
    ['bars', 'title|description|rating\nLamp|Warm light.|4.5\nTray|It bent.|1\n'],
    [
      'commas in an unquoted header',
      'title;description;rating;list (x,y,z,...)\nLamp;Warm light.;4.5;a,b\nTray;It bent.;1;c\n',
    ],
    [
      'rows shorter and longer by empty cells',
      'title,description,rating,a,b\nLamp,Warm light.,4.5\nTray,It bent.,1,,,,,\n',
    ],
    [
      'two columns of a name that nobody maps',
      'title,description,rating,x,x\nLamp,Warm light.,4.5,1,2\nTray,It bent.,1,3,4\n',
    ],
  ])('is found behind %s', async (_, text) => {
    expect((await read(text)).records).toMatchObject(lampAndTray);
    expect((await read(gzipSync(text), { name: 'a.csv.gz' })).records).toMatchObject(lampAndTray);
  });

  it.each([',', '\t'])(
    'may break lines in quoted cells of a header and of rows parted by %j',
    async (mark) => {
      const text = `"Product\nname"${mark}"Review\r\ntext"${mark}Stars\r\nLamp${mark}"Warm\nlight."${mark}4.5\r\nTray${mark}It bent.${mark}1\r\n`;
      const map = { title: 'Product name', description: 'Review text', rating: 'Stars' };
      const { records } = await read(text, { map });
      expect(records.map(({ description }) => description)).toEqual(['Warm\nlight.', 'It bent.']);
    },
  );

  it.each([
    ['of one of our names', 'title,title,description,rating\nLamp,Lamp 2,Warm light.,4.5\n', {}],
    ['of a name that is mapped', 'Name,Name,description,rating\nLamp,Two,Warm.,4.5\n', { title: 'Name' }],
    [
      'of which a number names one',
      'Name,Name,description,rating\nLamp,Two,Warm.,4.5\n',
      { title: '2', description: 'description' },
    ],
    ['of a telling name', 'Bezeichnung;Bezeichnung;Beschreibung;Bewertung\nLamp;Two;Warm.;4\n', {}],
  ])('leaves no choice between two columns %s', async (_, text, map) => {
    await expect(read(text, { map })).rejects.toThrow(
      /two columns are named "\w+", and title would be read/u,
    );
  });

  it('reads a field from a column of one name before two of another', async () => {
    const text =
      'title,description,rating,sale price,sale price,price\nLamp,Warm light.,4.5,7,8,9\nTray,It bent.,1,,,3\n';
    const { records } = await read(text, { map: { auto: 'yes' } });
    expect(records.map(({ price }) => price)).toEqual([9, 3]);
  });

  it('counts refused rows, and names the line that each begins on', async () => {
    const text =
      'title,description,rating\nLamp,"Warm" light,4\n"Tray","two\nlines",1\nMug,a,b,c,5\nCup;of;2\nJug,Pours.,4\n';
    const { records, refused } = await read(text);
    expect(records.map(({ title }) => title)).toEqual(['Tray', 'Jug']);
    expect(refused.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      '2: has text after a closing quote: double the quotes inside a quoted cell',
      '5: has 5 fields where the first row has 3',
      '6: has 1 fields where the first row has 3: it is parted by ";", the header is not; write the file with one delimiter',
    ]);
  });

  it('keeps to the delimiter of its header, and names the other one that rows have', async () => {
    const lines = (count: number, mark: string): string =>
      Array.from({ length: count }, (_, i) => ['Lamp', `No ${i}`, (i % 5) + 1].join(mark)).join('\n');
    const { records, refused } = await read(
      `title,description,rating\n${lines(20, ',')}\n${lines(30, ';')}\n`,
    );
    expect([records.length, refused.length]).toEqual([20, 30]);
    expect(refused[0]).toMatchObject({
      line: 22,
      reason:
        'has 1 fields where the first row has 3: it is parted by ";", the header is not; write the file with one delimiter',
    });
  });

  it('says line and column of a cell without end, and that a picture is none', async () => {
    const cell = 'x'.repeat(24 << 20);
    await expect(read(`title,description,rating\nLamp,"${cell}",5\n`)).rejects.toThrow(
      'the row that begins on line 2 is larger than 8 MiB in its column 2',
    );
    const picture = Buffer.concat([Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1'), Buffer.alloc(500, 1)]);
    await expect(read(picture)).rejects.toThrow('is a binary file');
  });

  it('takes a table without header by numbers, also where its first row happens to hold one of them', async () => {
    const { records } = await read('a stirring film\t1\n"so so , he said\t0\n', {
      name: 'a.tsv',
      map: { description: '1' },
      column: '2',
    });
    expect(records.map(({ description, label }) => [description, label])).toEqual([
      ['a stirring film', 1],
      ['"so so , he said', 0],
    ]);
  });

  it('is refused in a sentence where there are too many columns, or none', async () => {
    const wide = Array.from({ length: 10_000 }, (_, i) => `c${i}`).join(',');
    await expect(read(`${wide}\n${wide}\n`)).rejects.toThrow(
      'line 1 has 10000 columns; at most 4096 are read',
    );
    await expect(read('title,description,rating\n')).rejects.toThrow(
      'holds no records: nothing stands below its header, line 1',
    );
    const file = path.join(folder, 'bare.csv');
    await writeFile(file, 'sep=,\ntitle,description,price\n\n');
    const source = { ...loadConfig({ env: {} }).config.data.source, kind: 'file' as const, path: file };
    await expect(inspectSource({ source, map: {}, refusedKept: 10 })).rejects.toThrow(
      'bare.csv holds no records: nothing stands below its header, line 2',
    );
    await expect(read('<!DOCTYPE html><html><body>Sign in</body></html>')).rejects.toThrow('is an HTML page');
  });
});

describe('what nobody maps', () => {
  it('costs nothing: neither its numbers, its times, its bytes nor its names', async () => {
    const text =
      'title,description,price,timestamp,rating\nLamp,Warm light.,ten USD,11/30/2026 noon,4.5\nTray,It bent.,0.00,yesterday,1\n';
    const { records } = await read(text);
    expect(records).toMatchObject(lampAndTray);
    expect(records.map(({ price, timestamp }) => [price, timestamp])).toEqual([
      [null, null],
      [null, null],
    ]);
    const bytes = Buffer.concat([
      Buffer.from('title,description,rating,ö\nLamp,Warm light.,4.5,'),
      Buffer.from([0xff]),
      Buffer.from('\nTray,It bent.,1,ö\n'),
    ]);
    expect((await read(bytes)).records).toMatchObject(lampAndTray);
  });

  it('may be a field of ours, by saying that it has no column', async () => {
    const text =
      'title\tdescription\tprice\tclicked\nLamp\tWarm light.\t10.99 USD\t1\nTray\tIt bent.\t0.00 USD\t0\n';
    const { records } = await read(text, { name: 'a.tsv', map: { price: '' }, column: 'clicked' });
    expect(records.map(({ price, label }) => [price, label])).toEqual([
      [null, 1],
      [null, 0],
    ]);
    expect((await read(text, { name: 'a.tsv', column: 'clicked' })).records).toMatchObject([
      { price: 10.99, currency: 'USD' },
      { price: null },
    ]);
  });
});

describe('an id that occurs more than once', () => {
  it('is of one product with several rows', async () => {
    const { records, result } = await read(
      'id,title,description,rating\nP1,Lamp,Warm light.,5\nP1,Lamp,It broke.,1\n',
    );
    expect(records.map(({ id, label }) => [id, label])).toEqual([
      ['P1', 1],
      ['P1', 0],
    ]);
    expect(result.repeatsIds).toBe(true);
  });
});

describe('a yes or a no in place of stars', () => {
  it.each([
    ['a word', 'true', 'false'],
    ['a sentence', 'Recommended', 'Not Recommended'],
    ['a number above or below nothing', '1', '-1'],
  ])('is the label, whatever the threshold of stars: %s', async (_, yes, no) => {
    const { records } = await read(`title,description,rating\nA,Calm.,${yes}\nB,Broke.,${no}\n`);
    expect(records.map(({ title, label }) => [title, label])).toEqual([
      ['A', 1],
      ['B', 0],
    ]);
  });
});

describe('a text that an editor keeps as JSON', () => {
  const paragraph = (type: string, text: unknown) => ({ type, content: [text] });

  it.each([
    [
      'EditorJS',
      {
        blocks: [
          { type: 'paragraph', data: { text: 'Oiled <b>oak</b>.' } },
          { type: 'list', data: { items: ['round'] } },
        ],
      },
    ],
    [
      'Tiptap',
      {
        type: 'doc',
        content: [
          paragraph('paragraph', { type: 'text', text: 'Oiled oak.' }),
          paragraph('paragraph', { type: 'text', text: 'round' }),
        ],
      },
    ],
    [
      'Shopify',
      {
        type: 'root',
        children: [
          {
            type: 'paragraph',
            children: [
              { type: 'text', value: 'Oiled ' },
              { type: 'text', bold: true, value: 'oak.' },
            ],
          },
          { type: 'paragraph', children: [{ type: 'text', value: 'round' }] },
        ],
      },
    ],
    [
      'Lexical',
      {
        root: {
          type: 'root',
          children: [
            { type: 'paragraph', children: [{ type: 'text', text: 'Oiled oak.' }] },
            { type: 'paragraph', children: [{ type: 'text', text: 'round' }] },
          ],
        },
      },
    ],
    [
      'Slate',
      [
        { type: 'paragraph', children: [{ text: 'Oiled ' }, { text: 'oak.', bold: true }] },
        { type: 'paragraph', children: [{ text: 'round' }] },
      ],
    ],
    [
      'Contentful',
      {
        nodeType: 'document',
        data: {},
        content: [
          {
            nodeType: 'paragraph',
            data: {},
            content: [{ nodeType: 'text', value: 'Oiled oak.', marks: [], data: {} }],
          },
          {
            nodeType: 'paragraph',
            data: {},
            content: [{ nodeType: 'text', value: 'round', marks: [], data: {} }],
          },
        ],
      },
    ],
    [
      'Sanity',
      [
        { _type: 'block', children: [{ _type: 'span', text: 'Oiled oak.' }] },
        { _type: 'block', children: [{ _type: 'span', text: 'round' }] },
      ],
    ],
    [
      'Quill',
      {
        ops: [{ insert: 'Oiled ' }, { insert: 'oak.', attributes: { bold: true } }, { insert: '\nround\n' }],
      },
    ],
  ])('is read as the text that it shows: %s', async (_, document) => {
    const row = { title: 'Stool', rating: 5 };
    const texts = [document, JSON.stringify(document)].map((description) =>
      JSON.stringify({ ...row, description }),
    );
    const { records } = await read(texts.join('\n'), { name: 'a.jsonl' });
    expect(records.map(({ description }) => description)).toEqual(['Oiled oak.\nround', 'Oiled oak.\nround']);
  });
});

describe('a list that a cell holds as text', () => {
  it.each(['["Home > Mats", "Sale"]', `['Home > Mats', "Sale"]`])('is a list: %s', async (cell) => {
    const { records } = await read(
      `title\tdescription\tcategory\ttags\trating\nMat\tSoft.\t${cell}\t${cell}\t5\n`,
      { name: 'a.tsv' },
    );
    expect(records).toMatchObject([{ category: 'Home > Mats', tags: ['Home > Mats', 'Sale'] }]);
  });
});

describe('numbers', () => {
  const ratings = async (...cells: string[]): Promise<(number | string | null)[]> => {
    const text = `title;description;rating\n${cells.map((cell, i) => `T${i};text ${i};"${cell}"\n`).join('')}`;
    const { records, refused } = await read(text).catch(() => ({ records: [], refused: [] }));
    return cells.map((_, i) => {
      const record = records.find(({ title }) => title === `T${i}`);
      return record?.rating ?? refused.find(({ line }) => line === i + 2)?.reason ?? null;
    });
  };

  it.each([
    [
      ['4,5', '1,0'],
      [4.5, 1],
    ],
    [
      ['4.5 out of 5 stars', '1.0 out of 5 stars'],
      [4.5, 1],
    ],
    [
      ['4.5/5', '3/5'],
      [4.5, 3],
    ],
    [
      ['4 von 5 Sternen', '2,5 von 5 Sternen'],
      [4, 2.5],
    ],
    [
      ['★★★★☆', '★☆☆☆☆'],
      [4, 1],
    ],
    [
      ['5 stars', '1 star'],
      [5, 1],
    ],
    [
      ['1.299,00', '4,5'],
      [1299, 4.5],
    ],
    [
      ['1,299.00', '4.5'],
      [1299, 4.5],
    ],
    [
      ['1,299', '4.5'],
      [1299, 4.5],
    ],
    [
      ['1.299', '4,5'],
      [1299, 4.5],
    ],
    [
      ['1 299,5', '12'],
      [1299.5, 12],
    ],
    [
      ["1'299.50", '12'],
      [1299.5, 12],
    ],
    [
      ['85%', '20 %'],
      [85, 20],
    ],
  ])('%j of a column are %j', async (cells, expected) => {
    expect(await ratings(...cells)).toEqual(expected);
  });

  it('that contradict their column are refused, and all that have decimals where the column is of two minds', async () => {
    const most = Array.from({ length: 20 }, (_, i) => `4.${i % 10}`);
    const [last] = (await ratings(...most, '3,5')).slice(-1);
    expect(last).toBe('parts its decimals by a comma where the column does by a point');
    expect(await ratings('4,5', '4.5', '3')).toEqual([
      'stands in a column that parts decimals by comma and by point: write them one way',
      'stands in a column that parts decimals by comma and by point: write them one way',
      3,
    ]);
  });

  it('of prices carry their currency', async () => {
    const text = 'title;description;rating;price\na;b;4;12,99 €\nc;d;4;1.249,00 €\ne;f;1;on request\n';
    const { records } = await read(text);
    expect(records.map(({ price, currency }) => [price, currency])).toEqual([
      [12.99, 'EUR'],
      [1249, 'EUR'],
      [null, undefined],
    ]);
    const codes = await read('title,description,rating,price\na,b,4,USD 12.00\nc,d,1,GBP 3\n');
    expect(codes.records.map(({ price, currency }) => [price, currency])).toEqual([
      [12, 'USD'],
      [3, 'GBP'],
    ]);
  });

  it('of products that nobody has rated are no bad labels', async () => {
    const text =
      'title,description,average_rating,rating_count\nLamp,Warm light.,4.50,7\nTray,It bent.,1.00,3\nMat,Grips well.,0.00,0\nMug,Holds a lot.,N/A,0\nJug,Pours.,,0\n';
    const { records, result } = await read(text, { map: { rating: 'average_rating' } });
    expect(records).toMatchObject(lampAndTray);
    expect(result).toMatchObject({ accepted: 2, refused: 3, unrated: 3 });
    // On a scale that begins at 0 a 0 is the worst rating.
    expect(await ratings('0', '0.5', '5')).toEqual([0, 0.5, 5]);
    expect(await ratings('0', '80', '20')).toEqual([0, 80, 20]);
  });
});

describe('JSON', () => {
  it('keeps the digits of ids beyond 2^53, and takes null for a field that is not there', async () => {
    const text =
      '[{"id":12345678901234567890,"title":"Lamp","description":null,"rating":4},{"id":9007199254740993,"title":"Tray","price":null,"rating":1}]';
    const { records } = await read(text, { name: 'a.json' });
    expect(records.map(({ id }) => id)).toEqual(['12345678901234567890', '9007199254740993']);
  });

  it('loses one row to nesting without end, not the import', async () => {
    const deep = `{"title":"Deep","rating":4,"x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    for (const [name, text] of [
      ['a.jsonl', `{"title":"Lamp","rating":4}\n${deep}\n`],
      ['a.json', `[{"title":"Lamp","rating":4},${deep}]`],
    ] as const) {
      const { records, refused } = await read(text, { name });
      expect(records).toHaveLength(1);
      expect(refused.map(({ line, reason }) => [line, reason])).toEqual([
        [2, 'is nested deeper than 100 levels'],
      ]);
    }
  });

  it('is an error where something follows the list', async () => {
    await expect(
      read('[{"title":"a","rating":3}]\n[{"title":"b","rating":3}]', { name: 'a.json' }),
    ).rejects.toThrow('follows the JSON list');
    await expect(read('{"data":[{"title":"a","rating":3}]} more', { name: 'a.json' })).rejects.toThrow(
      '"more" follows the JSON list',
    );
  });

  it('is found where shops put it', async () => {
    const product = '{"title":"Lamp","rating":4}';
    for (const text of [
      `{"products":[${product}]}`,
      `{"data":{"products":{"edges":[{"cursor":"x","node":${product}}]}}}`,
      `{"meta":{"items":[1]},"items":[${product}]}`,
    ]) {
      const { records } = await read(text, {
        name: 'a.json',
        map: text.includes('node') ? { title: 'node.title', rating: 'node.rating' } : {},
      });
      expect(records).toMatchObject([{ title: 'Lamp', label: 1 }]);
    }
  });
});

describe('texts', () => {
  it('are freed of markup before limits, labels and duplicates', async () => {
    const long = `<p style="${'x'.repeat(12_000)}">Warm &amp; bright&hellip;</p><script>track()</script><!-- hidden -->`;
    const text = `title,description,rating\nCaf&eacute; Lamp <Long>,"${long.replaceAll('"', '""')}",4\n`;
    const { records } = await read(text);
    expect(records).toMatchObject([{ title: 'Café Lamp <Long>', description: 'Warm & bright…' }]);
  });
});
