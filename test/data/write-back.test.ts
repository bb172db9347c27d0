/**
 * Catalogues given back as they came: whatever is not ours stands as it stood, byte by byte in text formats
 * and cell by cell in the others.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import {
  openCatalogue,
  renderTable,
  writeBack,
  type CatalogueRow,
  type TableColumn,
  type TableRow,
} from '../../src/data/index.ts';
import type { ArtifactStore } from '../../src/core/artifact-store.ts';

const folder = path.join(import.meta.dirname, '..', 'fixtures', 'feeds');
const feeds = readdirSync(folder).filter((name) => /^\d\d_.*\.(?:csv|tsv|xml|json)$/u.test(name));

const others = path.join(import.meta.dirname, '..', 'fixtures', 'exports');
const exported = Object.entries(
  JSON.parse(readFileSync(path.join(others, 'truth.json'), 'utf8')) as Record<
    string,
    { kind: string; encoding: string; declare?: string }
  >,
).filter(([file, { kind }]) => kind === 'products' && !file.endsWith('.xlsx'));
const ofManyBytes = ['shift_jis', 'euc-kr', 'gb18030'];

const OURS: TableColumn[] = [
  { name: 'line', kind: 'integer' },
  { name: 'title', kind: 'text' },
  { name: 'confidence_score', kind: 'number' },
  { name: 'social_media_caption', kind: 'text' },
  { name: 'hashtags', kind: 'texts' },
  { name: 'ad_copy', kind: 'text' },
];

interface Choice {
  encoding?: string;
  writer?: string;
  caption?: string;
  map?: Record<string, string>;
}

async function roundTrip(bytes: Uint8Array, name: string, choice: Choice = {}) {
  const { encoding, writer = 'templates', caption = 'Grüße, "neu";\tschön 🎉\nnow', map = {} } = choice;
  const store = { get: () => Promise.resolve(Readable.from([bytes])) } as unknown as ArtifactStore;
  const catalogue = await openCatalogue(
    { kind: 'artifact', key: 'catalogue', name, format: null, encoding },
    {
      store,
      map,
      limits: { timeoutMs: 1000, maxBytes: 1e9, destinations: { allowHosts: [] } },
      signal: new AbortController().signal,
    },
  );
  const rows: CatalogueRow[] = [];
  for await (const row of catalogue) rows.push(row);
  const products = rows.flatMap((row) => ('product' in row ? [row] : []));
  const creatives = products.map(({ line, nth, product }): TableRow => ({
    line,
    nth: nth ?? -1,
    title: product.title,
    description: product.description,
    confidence_score: 0.5,
    social_media_caption: caption,
    hashtags: ['#one', '#zwei'],
    ad_copy: `Buy ${product.title} today.`,
    writer,
  }));
  const written = await writeBack(Readable.from(creatives), {
    // In pieces, since a file does not come at once.
    open: () => Promise.resolve(inPieces(bytes)),
    name,
    map,
    columns: OURS,
    encoding,
  });
  return { out: await buffer(Readable.from(written.bytes)), extension: written.extension, products };
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3001) yield bytes.subarray(at, at + 3001);
}
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* pieces(bytes);
}

/** Whether `out` is `source` with something put between its bytes: nothing is gone, changed or moved. */
function holdsAll(source: Buffer, out: Buffer): boolean {
  let at = 0;
  for (const byte of out) if (byte === source[at]) at += 1;
  return at === source.length;
}

const cellsOf = (bytes: Buffer, delimiter: string, encoding: BufferEncoding = 'utf8'): string[][] =>
  parse(bytes.toString(encoding).replace(/^\ufeff/u, ''), {
    delimiter,
    relax_column_count: true,
    ...(delimiter === '\t' && { quote: null }),
    bom: true,
  });

describe('a catalogue that is written back', () => {
  it.each(feeds)('%s differs in our columns only', async (file) => {
    const bytes = readFileSync(path.join(folder, file));
    const { out, products } = await roundTrip(bytes, file);
    const encoding = file.includes('excel') ? 'latin1' : 'utf8';
    expect(holdsAll(bytes, out)).toBe(true);
    expect(products.length).toBeGreaterThan(10);
    if (/\.(?:xml|json)$/u.test(file)) return;
    const [source, written] = [bytes, out].map((each) =>
      cellsOf(each, file.includes('tsv') ? '\t' : /11_|18_/u.test(file) ? ';' : ',', encoding),
    );
    expect(written).toHaveLength(source?.length ?? 0);
    for (const [i, row] of (source ?? []).entries()) {
      const now = written?.[i] ?? [];
      const kept = row.map((cell, place) => (cell === '' ? '' : now[place]));
      expect(kept).toEqual(row);
    }
  });

  it.each(exported.filter(([, { declare = '' }]) => !ofManyBytes.includes(declare)))(
    '%s holds every byte that it held, in order',
    async (file, { declare }) => {
      const bytes = readFileSync(path.join(others, file));
      const { out, products } = await roundTrip(
        bytes,
        file,
        declare === undefined ? {} : { encoding: declare },
      );
      expect(holdsAll(bytes, out)).toBe(true);
      expect(out.length).toBeGreaterThan(products.length === 0 ? 0 : bytes.length);
      const packed = await roundTrip(
        gzipSync(bytes),
        `${file}.gz`,
        declare === undefined ? {} : { encoding: declare },
      );
      expect(gunzipSync(packed.out).equals(out)).toBe(true);
    },
  );

  it('fills the columns that Shopify has for copy, and leaves variants and images alone', async () => {
    const file = '01_shopify_products_old.csv';
    const bytes = readFileSync(path.join(folder, file));
    const { out, products } = await roundTrip(bytes, file);
    const [header = [], ...rows] = cellsOf(out, ',');
    const source = cellsOf(bytes, ',');
    expect(header).toEqual(source[0]);
    const filled = rows.filter((row) => row[header.indexOf('SEO Description')] !== '');
    expect(filled).toHaveLength(products.length);
    expect(filled[0]?.[header.indexOf('SEO Title')]).toBe('Pocket Shampoo Bar – Ivory');
    expect(filled[0]?.[header.indexOf('SEO Description')]).toBe('Buy Pocket Shampoo Bar – Ivory today.');
  });

  it('keeps a text that a person has written there', async () => {
    const csv = 'Handle,Title,Body (HTML),Vendor,SEO Title,SEO Description\na,Lamp,Bright.,Acme,Mine,\n';
    const { out } = await roundTrip(Buffer.from(csv), 'shop.csv');
    expect(out.toString()).toBe(csv.replace('Mine,\n', 'Mine,Buy Lamp today.\n'));
  });

  it('tells Merchant Center of text and XML feeds who wrote a text', async () => {
    for (const [writer, said] of [
      ['openai', 'trained_algorithmic_media'],
      ['templates', 'default'],
    ] as const) {
      const tsv = await roundTrip(readFileSync(path.join(folder, '04_google_merchant.tsv')), 'a.tsv', {
        writer,
      });
      const [header = [], ...rows] = cellsOf(tsv.out, '\t');
      const place = header.findIndex((name) => /structured.title/u.test(name));
      const titles = rows.map((row) => row[place] ?? '').filter((cell) => cell !== '');
      expect(titles).toHaveLength(tsv.products.length);
      expect(titles[0]).toMatch(new RegExp(`^${said}:".+"$`, 'u'));
      const xml = await roundTrip(readFileSync(path.join(folder, '05_google_merchant_rss.xml')), 'a.xml', {
        writer,
      });
      const marks = xml.out
        .toString()
        .match(
          new RegExp(
            `<g:structured_description><g:digital_source_type>${said}</g:digital_source_type><g:content>`,
            'gu',
          ),
        );
      expect(marks).toHaveLength(xml.products.length);
    }
  });

  it('puts cells below their columns where rows are short, long or refused', async () => {
    const csv = [
      'sep=;',
      'title;description;x',
      'Lamp;Bright;1',
      '',
      '"Mug";Warm',
      'Cup;"Big; round";2;;',
      ';;',
      'Too;many;3;4',
    ].join('\r\n');
    const { out } = await roundTrip(Buffer.from(csv), 'a.csv', { caption: 'Hi; "there"' });
    const ours = '0.5;"Hi; ""there""";"[""#one"",""#zwei""]";Buy NAME today.';
    expect(out.toString().split('\r\n')).toEqual([
      'sep=;',
      'title;description;x;confidence_score;social_media_caption;hashtags;ad_copy',
      `Lamp;Bright;1;${ours.replace('NAME', 'Lamp')}`,
      '',
      `"Mug";Warm;;${ours.replace('NAME', 'Mug')}`,
      `Cup;"Big; round";2;${ours.replace('NAME', 'Cup')};;`,
      ';;',
      'Too;many;3;4',
    ]);
  });

  it.each([
    ['utf-16le', Buffer.from('\ufefftitle\tdescription\r\nKäse\tGut\r\n', 'utf16le'), undefined],
    ['utf-8 with a mark', Buffer.from('\ufefftitle,description\nKäse,Gut\n'), undefined],
    ['windows-1252', Buffer.from('title;description\nK\u00e4se;Gut \u0080\n', 'latin1'), 'windows-1252'],
  ])('keeps the encoding: %s', async (_, bytes, encoding) => {
    const { out } = await roundTrip(bytes, 'a.csv', {
      ...(encoding !== undefined && { encoding }),
      caption: 'Schön 🎉',
    });
    expect(holdsAll(bytes, out)).toBe(true);
    expect(out.toString('latin1').replaceAll('\u0000', '')).toContain('Sch');
    expect(out.subarray(0, 2)).toEqual(bytes.subarray(0, 2));
  });

  it('refuses an encoding that it cannot write, by name', async () => {
    const bytes = Buffer.from([0x74, 0x69, 0x74, 0x6c, 0x65, 0x0a, 0x83, 0x65, 0x0a]);
    await expect(roundTrip(bytes, 'a.csv', { encoding: 'shift_jis' })).rejects.toThrow(
      /a\.csv is shift_jis/u,
    );
  });

  it('is written over its own columns when it comes again', async () => {
    const once = await roundTrip(Buffer.from('title,description\nLamp,Bright\n'), 'a.csv');
    const twice = await roundTrip(once.out, 'a.csv');
    expect(twice.out.toString()).toBe(once.out.toString());
    const json = await roundTrip(
      Buffer.from('[\n  {"title": "Lamp", "description": "Bright"}\n]\n'),
      'a.json',
    );
    expect((await roundTrip(json.out, 'a.json')).out.toString()).toBe(json.out.toString());
    const items =
      '<items><item><title>A &amp; B</title><description>x</description></item><item><title>C</title><description>y</description></item></items>';
    const xml = await roundTrip(Buffer.from(items), 'a.xml');
    expect(xml.out.toString()).toContain('<ad_copy>Buy A &amp; B today.</ad_copy></item>');
    expect(xml.out.toString()).toContain('<ad_copy>Buy C today.</ad_copy></item>');
    expect((await roundTrip(xml.out, 'a.xml')).out.toString()).toBe(xml.out.toString());
  });

  it('keeps JSON as it is written, line by line or in one line', async () => {
    const lines =
      '{"title":"Lamp","description":"Bright","n":1.50}\r\n\r\n{ "title": "Mug", "description": "Warm" }';
    const { out } = await roundTrip(Buffer.from(lines), 'a.jsonl', { caption: 'Hi' });
    const ours = (name: string): unknown[] => [0.5, 'Hi', ['#one', '#zwei'], `Buy ${name} today.`];
    const [first = '', blank, second = ''] = out.toString().split('\n');
    expect(first.startsWith('{"title":"Lamp","description":"Bright","n":1.50,"confidence_score":0.5,')).toBe(
      true,
    );
    expect([first.at(-1), blank]).toEqual(['\r', '\r']);
    expect(Object.values(JSON.parse(first) as object).slice(3)).toEqual(ours('Lamp'));
    expect(Object.values(JSON.parse(second) as object).slice(2)).toEqual(ours('Mug'));
  });

  it('is packed as it came: gzip', async () => {
    const csv = 'title,description\nLamp,Bright\n';
    const { out, extension } = await roundTrip(gzipSync(csv), 'a.csv.gz');
    expect(extension).toBe('csv.gz');
    expect(gunzipSync(out).toString()).toContain('Lamp,Bright,0.5,');
  });

  it('keeps every other file and cell of a workbook', async () => {
    const book = await createWorkbook();
    const { out, extension } = await roundTrip(book, 'a.xlsx', { caption: 'Hi <b>' });
    expect(extension).toBe('xlsx');
    const again = await roundTrip(out, 'a.xlsx', { caption: 'Hi <b>' });
    expect(again.products.map(({ product }) => product)).toEqual([
      { id: '', title: 'Lamp', category: '', description: 'Bright' },
    ]);
    const sheet = await readZipped(out, 'xl/worksheets/sheet1.xml');
    expect(sheet).toBe(await readZipped(again.out, 'xl/worksheets/sheet1.xml'));
    expect(sheet).toContain(
      '<c r="B2" t="inlineStr"><is><t>Bright</t></is></c><c r="C2" t="n"><v>0.5</v></c>',
    );
    expect(sheet).toContain('Hi &lt;b&gt;');
    expect(await readZipped(out, '_rels/.rels')).toBe(await readZipped(book, '_rels/.rels'));
  });

  it('keeps the cells of a Parquet file', async () => {
    const columns: TableColumn[] = [
      { name: 'title', kind: 'text' },
      { name: 'description', kind: 'text' },
      { name: 'stock', kind: 'integer' },
      { name: 'tags', kind: 'texts' },
    ];
    const rows: TableRow[] = [
      { title: 'Lamp', description: 'Bright', stock: 3, tags: ['a', 'b'] },
      { title: '', description: '', stock: null, tags: null },
    ];
    const source = await buffer(Readable.from(renderTable('parquet', columns, toAsync(rows))));
    const { out } = await roundTrip(source, 'a.parquet', { caption: 'Hi' });
    const read = async (bytes: Buffer): Promise<Record<string, unknown>[]> =>
      await parquetReadObjects({ file: Uint8Array.from(bytes).buffer });
    const before = await read(source);
    const after = await read(out);
    for (const [i, row] of before.entries()) expect(after[i]).toMatchObject(row);
    expect(after[0]).toMatchObject({ confidence_score: 0.5, hashtags: ['#one', '#zwei'] });
    expect(after[1]).toMatchObject({ confidence_score: null, social_media_caption: null });
  });
});

async function* toAsync<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function createWorkbook(): Promise<Buffer> {
  const cell = (ref: string, text: string): string =>
    `<c r="${ref}" t="inlineStr"><is><t>${text}</t></is></c>`;
  const sheet = `<worksheet><sheetData><row r="1">${cell('A1', 'title')}${cell('B1', 'description')}</row><row r="2">${cell('A2', 'Lamp')}${cell('B2', 'Bright')}</row><row r="3"/></sheetData></worksheet>`;
  const files = {
    '_rels/.rels': '<Relationships/>',
    'xl/workbook.xml': '<workbook><sheets><sheet name="S" r:id="r1"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>',
    'xl/worksheets/sheet1.xml': sheet,
  };
  const zip = new ZipFile();
  for (const [name, text] of Object.entries(files)) zip.addBuffer(Buffer.from(text), name);
  zip.end();
  return await buffer(zip.outputStream as Readable);
}

async function readZipped(bytes: Buffer, name: string): Promise<string> {
  const { openZip } = await import('../../src/data/format/zip.ts');
  const archive = await openZip(inPieces(bytes) as AsyncIterable<Buffer>, 'book');
  try {
    return (await buffer(Readable.from(await archive.open(name)))).toString();
  } finally {
    await archive.close();
  }
}
