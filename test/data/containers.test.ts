/** Tables inside something: packed, in workbooks, in Parquet, in XML; whole, or refused in a sentence. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../src/core/config/index.ts';
import { inspectSource, renderTable, type InspectedRecord } from '../../src/data/index.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-containers-'));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function read(bytes: string | Uint8Array, name: string, sheet?: string) {
  const file = path.join(folder, `${files++}-${name}`);
  await writeFile(file, bytes);
  const records: InspectedRecord[] = [];
  const source = { ...loadConfig({ env: {} }).config.data.source, kind: 'file' as const, path: file, sheet };
  const found = await inspectSource({
    source,
    map: {},
    refusedKept: 10,
    onRecord: (row) => void records.push(row),
  });
  return { ...found, records: records.map(({ record }) => record), lines: records.map(({ line }) => line) };
}

const CSV = 'title,description,rating\nLamp,Warm light.,4.5\nTray,It bent.,1\n';
const ROWS = [
  { title: 'Lamp', description: 'Warm light.', rating: 4.5 },
  { title: 'Tray', description: 'It bent.', rating: 1 },
];
const ZSTD =
  'KLUv/QRo3QEA4sMNEaBviK58l5b6qUWpx2oYFfQoYLB42VR4w7crAkUQFv+cwxBrJ6axD3DSvyvL6U+9LtsYN/j+AQD9sFvL';

describe('a packed table', () => {
  it('is unpacked by its first bytes, whatever its name says', async () => {
    for (const [bytes, packing] of [
      [gzipSync(CSV), 'gzip'],
      [Buffer.from(ZSTD, 'base64'), 'zstd'],
      [zip({ 'export/products.csv': CSV, '__MACOSX/._products.csv': 'x' }), 'zip'],
    ] as const) {
      const { records, layout } = await read(bytes, 'export');
      expect(records).toMatchObject(ROWS);
      expect(layout.packing).toBe(packing);
    }
  });

  it('is refused where it is cut short, packed twice, a bomb, or more than one table', async () => {
    const packed = gzipSync(
      `${CSV}${Array.from({ length: 5000 }, (_, i) => `T${i * 7919},text ${i},4\n`).join('')}`,
    );
    await expect(read(packed.subarray(0, packed.length - 200), 'a.csv.gz')).rejects.toThrow(
      'damaged or cut short',
    );
    await expect(read(Buffer.from(ZSTD, 'base64').subarray(0, 30), 'a.zst')).rejects.toThrow(
      'damaged or cut short',
    );
    await expect(read(gzipSync(packed), 'a.csv.gz')).rejects.toThrow('packed twice');
    const archive = zip({ 'a.csv': CSV, 'b.csv': CSV });
    await expect(read(archive, 'a.zip')).rejects.toThrow('must hold one table; it holds "a.csv", "b.csv"');
    await expect(read(archive.subarray(0, 60), 'a.zip')).rejects.toThrow('no readable zip archive');
    await expect(read(zip({ '../../evil.csv': CSV }), 'a.zip')).rejects.toThrow(
      /no readable zip archive \(.*: it names a file outside itself; pack the table alone$/u,
    );
    await expect(
      read(
        gzipSync(
          Buffer.concat([
            Buffer.from('title,rating\n'),
            Buffer.alloc(80 << 20, `${'x'.repeat(500_000)},4\n`),
          ]),
        ),
        'a.csv.gz',
      ),
    ).rejects.toThrow('refused as a bomb');
  });

  it('leaves no temporary file behind', async () => {
    const own = await mkdtemp(path.join(folder, 'tmp-'));
    vi.stubEnv('TMPDIR', own);
    await read(zip({ 'a.csv': CSV }), 'a.zip');
    await read(zip({ 'b.csv': CSV, 'a.csv': CSV }), 'a.zip').catch(() => undefined);
    vi.unstubAllEnvs();
    expect(await readdir(own)).toEqual([]);
  });
});

describe('a workbook', () => {
  const sheet = (rows: string): string =>
    `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>${rows}</sheetData></worksheet>`;
  const workbook = zip({
    '[Content_Types].xml': '<Types/>',
    'xl/workbook.xml':
      '<workbook xmlns:r="r"><sheets><sheet name="Products" sheetId="1" r:id="rId1"/><sheet name="Old" sheetId="2" r:id="rId2"/></sheets></workbook>',
    'xl/_rels/workbook.xml.rels':
      '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="/xl/worksheets/sheet2.xml"/></Relationships>',
    'xl/sharedStrings.xml':
      '<sst><si><t>title</t></si><si><r><t>descri</t></r><r><t>ption</t></r></si><si><t>Lamp &amp; Shade</t></si></sst>',
    'xl/styles.xml':
      '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd\\.mm\\.yyyy"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>',
    'xl/worksheets/sheet1.xml': sheet(
      '<row r="1"><c r="A1" t="inlineStr"><is><t>My shop</t></is></c></row>' +
        '<row r="3"><c r="A3" t="s"><v>0</v></c><c r="B3" t="s"><v>1</v></c><c r="C3" t="inlineStr"><is><t>rating</t></is></c><c r="D3" t="inlineStr"><is><t>timestamp</t></is></c></row>' +
        '<row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4" t="str"><v>Warm light.</v></c><c r="C4"><v>4.5</v></c><c r="D4" s="1"><v>46326.5</v></c></row>' +
        '<row r="6"><c r="A6" t="inlineStr"><is><t>Tray</t></is></c><c r="C6"><v>1</v></c></row>',
    ),
    'xl/worksheets/sheet2.xml': sheet(
      '<row r="1"><c r="A1" t="inlineStr"><is><t>title</t></is></c><c r="B1" t="inlineStr"><is><t>rating</t></is></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>Mug</t></is></c><c r="B2"><v>3</v></c></row>',
    ),
  });

  it('is read from its first sheet: shared and own texts, numbers, dates, gaps and headings', async () => {
    const { records, lines, layout } = await read(workbook, 'a.xlsx');
    expect(layout).toMatchObject({ format: 'xlsx', headerLine: 3 });
    expect(lines).toEqual([4, 6]);
    expect(records).toMatchObject([
      {
        title: 'Lamp & Shade',
        description: 'Warm light.',
        rating: 4.5,
        timestamp: '2026-10-31T12:00:00.000Z',
      },
      { title: 'Tray', description: '', rating: 1, timestamp: null },
    ]);
  });

  it('is read from the sheet that is named, and names those that it has', async () => {
    expect((await read(workbook, 'a.xlsx', 'Old')).records).toMatchObject([{ title: 'Mug', rating: 3 }]);
    await expect(read(workbook, 'a.xlsx', 'New')).rejects.toThrow(
      'has no sheet "New"; its sheets are "Products", "Old"',
    );
  });

  it('whose first sheet only says how to fill it in is asked about, with the names of the others', async () => {
    const text = (place: string, cell: string): string =>
      `<c r="${place}" t="inlineStr"><is><t>${cell}</t></is></c>`;
    const notes = zip({
      '[Content_Types].xml': '<Types/>',
      'xl/workbook.xml':
        '<workbook xmlns:r="r"><sheets><sheet name="Read me" sheetId="1" r:id="rId1"/><sheet name="Products" sheetId="2" r:id="rId2"/></sheets></workbook>',
      'xl/_rels/workbook.xml.rels':
        '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Target="worksheets/sheet2.xml"/></Relationships>',
      'xl/worksheets/sheet1.xml': sheet(
        `<row r="1">${text('A1', 'How to use this file')}</row><row r="2">${text('A2', 'Fill in the next sheet.')}</row>`,
      ),
      'xl/worksheets/sheet2.xml': sheet(
        `<row r="1">${text('A1', 'title')}${text('B1', 'rating')}</row><row r="2">${text('A2', 'Mug')}${text('B2', '3')}</row>`,
      ),
    });
    await expect(read(notes, 'a.xlsx')).rejects.toThrow('its others are "Products": name one (--sheet NAME)');
    expect((await read(notes, 'a.xlsx', 'Products')).records).toMatchObject([{ title: 'Mug', rating: 3 }]);
  });
});

describe('a Parquet file', () => {
  const render = async (): Promise<Buffer> => {
    async function* rows() {
      for (let i = 0; i < 12_000; i += 1)
        yield { title: `Lamp ${i}`, description: 'Warm.', rating: i % 5, tags: ['a', 'b'] };
    }
    const pieces: Uint8Array[] = [];
    const columns = [
      { name: 'title', kind: 'text' },
      { name: 'description', kind: 'text' },
      { name: 'rating', kind: 'integer' },
      { name: 'tags', kind: 'texts' },
    ] as const;
    for await (const piece of renderTable('parquet', columns, rows())) pieces.push(piece);
    return Buffer.concat(pieces);
  };

  it('gives its rows with their types', async () => {
    const { accepted, columns, records, layout } = await read(await render(), 'a.parquet');
    expect([layout.format, accepted]).toEqual(['parquet', 12_000]);
    expect(columns).toEqual(['title', 'description', 'rating', 'tags']);
    expect(records[11_999]).toMatchObject({ title: 'Lamp 11999', rating: 4, tags: ['a', 'b'] });
  });

  it('is refused where its footer or a page is damaged', async () => {
    const bytes = await render();
    await expect(read(bytes.subarray(0, bytes.length - 20), 'a.parquet')).rejects.toThrow(
      'no readable Parquet file',
    );
    await expect(
      read(Buffer.concat([bytes.subarray(0, 100), bytes.subarray(400)]), 'a.parquet'),
    ).rejects.toThrow('Parquet');
  });
});

describe('an XML feed', () => {
  const item =
    '<item><g:id>1</g:id><title>Lamp</title><g:description>Warm &lt;b&gt;light&lt;/b&gt;.</g:description><g:price>9.50 EUR</g:price><link>https://example.com</link></item>';
  const rss = (inside: string, head = ''): string =>
    `<?xml version="1.0"?>${head}<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>${inside}</channel></rss>`;

  it('is read by its items, RSS and Atom alike', async () => {
    const wanted = [{ id: '1', title: 'Lamp', description: 'Warm light.', price: 9.5, currency: 'EUR' }];
    expect((await read(rss(item), 'a.xml')).records).toMatchObject(wanted);
    const atom = `<feed xmlns="http://www.w3.org/2005/Atom">${item.replaceAll('item>', 'entry>')}</feed>`;
    const found = await read(atom, 'a.xml');
    expect(found.records).toMatchObject(wanted);
    expect(found.format).toBe('Google Merchant Atom feed');
  });

  it('is refused with the line where it declares entities, breaks off, or holds no item', async () => {
    const entity = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>';
    await expect(read(rss(item, entity), 'a.xml')).rejects.toThrow(
      'line 1: the file declares entities of its own',
    );
    await expect(read(rss(`${item}\n${item}`).slice(0, -60), 'a.xml')).rejects.toThrow('line 2: <');
    await expect(read(rss(''), 'a.xml')).rejects.toThrow('is XML without items');
    await expect(read(rss(item).replace('</g:id>', '</g:ix>'), 'a.xml')).rejects.toThrow('is never closed');
  });
});

/**
 * A zip archive of stored files, as the format's own page says:
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT.
 */
function zip(entries: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(entries)) {
    const data = Buffer.from(text);
    const called = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(data.length, 18);
    common.writeUInt16LE(called.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, called, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    centrals.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0000'), common, tail, called]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(centrals.length, 8);
  end.writeUInt16LE(centrals.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}
