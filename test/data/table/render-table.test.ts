import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { renderTable, type TableColumn, type TableFormat, type TableRow } from '../../../src/data/index.ts';

const columns: TableColumn[] = [
  { name: 'line', kind: 'integer' },
  { name: 'title', kind: 'text' },
  { name: 'score', kind: 'number' },
  { name: 'x.tags', kind: 'texts' },
];
const rows: TableRow[] = [
  { line: 2, title: 'A "quoted", title\nof two lines', score: 0.25, 'x.tags': ['#One', '#Two'] },
  { line: 3, title: '', score: 0.1 + 0.2, 'x.tags': [] },
  { line: 4, title: null, score: null, 'x.tags': null },
  { line: 5, title: '日本語 🎧', score: 1e-9, 'x.tags': ['#日本'] },
];

async function* drawRows(count: number): AsyncGenerator<TableRow> {
  for (let i = 0; i < count; i += 1) yield { ...rows[i % rows.length], line: i };
}

async function render(format: TableFormat, source: AsyncIterable<TableRow>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of renderTable(format, columns, source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* given(): AsyncGenerator<TableRow> {
  yield* rows;
}

const toArrayBuffer = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;

describe('a table', () => {
  it('as JSONL holds a row a line, with lists as lists and what is missing as null', async () => {
    const lines = (await render('jsonl', given())).toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(rows);
  });

  it('as CSV begins with the mark by which spreadsheets know UTF-8, and can be read back, with lists as JSON', async () => {
    const bytes = await render('csv', given());
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    const read = parse(bytes, { bom: true });
    expect(read).toEqual([
      ['line', 'title', 'score', 'x.tags'],
      ['2', 'A "quoted", title\nof two lines', '0.25', '["#One","#Two"]'],
      ['3', '', '0.30000000000000004', '[]'],
      ['4', '', '', ''],
      ['5', '日本語 🎧', '1e-9', '["#日本"]'],
    ]);
  });

  it('as Parquet can be read back by another reader, with its types', async () => {
    const file = toArrayBuffer(await render('parquet', given()));
    const read = await parquetReadObjects({ file });
    // This reader shows a list that is null as undefined.
    expect(read.map((row) => ({ ...row, 'x.tags': (row['x.tags'] ?? null) as unknown }))).toEqual(
      rows.map((row) => ({ ...row, line: BigInt(row['line'] as number) })),
    );
  });

  it('as Parquet is written in row groups', async () => {
    const file = toArrayBuffer(await render('parquet', drawRows(25_000)));
    const metadata = await parquetMetadataAsync(file);
    expect(metadata.row_groups.map((group) => Number(group.num_rows))).toEqual([10_000, 10_000, 5000]);
    const read = await parquetReadObjects({ file, rowStart: 19_998, rowEnd: 20_002, columns: ['line'] });
    expect(read.map((row) => Number(row['line']))).toEqual([19_998, 19_999, 20_000, 20_001]);
  });

  it.each([
    '=HYPERLINK("http://evil.example","open")',
    '+1+cmd',
    '-2+3',
    '@SUM(A1)',
    '\tx',
    '\rx',
    '\nx',
    '\uff1dA1',
  ])('guards %j in CSV alone', async (title) => {
    async function* hostile(): AsyncGenerator<TableRow> {
      yield { line: 1, title, score: -0.5, 'x.tags': ['=A1'] };
    }
    const [, cells] = parse(await render('csv', hostile()));
    expect(cells).toEqual(['1', `'${title}`, '-0.5', '["=A1"]']);
    expect(JSON.parse((await render('jsonl', hostile())).toString())).toMatchObject({ title });
  });

  it('leaves other beginnings alone in CSV', async () => {
    async function* harmless(): AsyncGenerator<TableRow> {
      for (const title of ["'quoted'", '#1 lamp', 'a=b', ' -x', '5 - 6']) yield { title };
    }
    const read = parse(await render('csv', harmless()));
    expect(read.slice(1).map((cells) => cells[1])).toEqual(["'quoted'", '#1 lamp', 'a=b', ' -x', '5 - 6']);
  });

  it.each(['csv', 'jsonl', 'parquet'] as const)('without rows is a valid %s file', async (format) => {
    const bytes = await render(format, drawRows(0));
    if (format === 'parquet') expect(await parquetReadObjects({ file: toArrayBuffer(bytes) })).toEqual([]);
    else expect(bytes.toString()).toBe(format === 'csv' ? '\ufeffline,title,score,x.tags\n' : '');
  });
});
