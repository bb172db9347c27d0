/**
 * Mutated CSV files against Python's csv: nothing stops with a stack, nothing hangs, and no row that both
 * take is read otherwise. Without python3 the comparison is left out, and says so.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { createRandom, type Random } from '../../src/core/random.ts';
import { openTable } from '../../src/data/format/open-table.ts';
import type { SourceRow } from '../../src/data/format/table.ts';

const FILES = 500;
const feeds = path.join(import.meta.dirname, '..', 'fixtures', 'feeds');
const SEEDS = [
  ...['01_shopify_products_old.csv', '07_meta_catalog.csv', '17_judgeme_reviews.csv'].map((name) =>
    readFileSync(path.join(feeds, name)).subarray(0, 6000),
  ),
  Buffer.from(
    'id,title,description\n1,Lamp,"Bright, small"\n2,"Mug ""XL""",Warm\n3,Cup,"Two\nlines"\n4,Plate,Flat\n',
  ),
  Buffer.from('\ufeffid;title;description\r\n1;Käse;"Gut; billig"\r\n2;Brot;Frisch\r\n3;Wurst;"Fein"\r\n'),
];
const PIECES = [
  '"',
  '""',
  ',',
  ';',
  '\n',
  '\r\n',
  '\r',
  '\t',
  ' ',
  '\u0000',
  '\u00ff',
  '\ufeff',
  'sep=;\n',
  '#',
  '=1+1',
];

function mutate(bytes: Buffer, random: Random): Buffer {
  let text = bytes.toString('latin1');
  for (let change = 0; change < 1 + Math.floor(random.next() * 4); change += 1) {
    const at = Math.floor(random.next() * text.length);
    const length = Math.floor(random.next() * 12);
    const piece = random.pick(PIECES);
    const kind = Math.floor(random.next() * 5);
    if (kind === 0) text = text.slice(0, at) + piece + text.slice(at);
    else if (kind === 1) text = text.slice(0, at) + text.slice(at + length);
    else if (kind === 2) text = text.slice(0, at) + piece + text.slice(at + length);
    else if (kind === 3) text = text.slice(0, Math.max(20, at));
    else text = text.slice(0, at) + text.slice(at, at + 200) + text.slice(at);
  }
  return Buffer.from(text, 'latin1');
}

type Read =
  | { fault: string }
  | {
      columns: readonly string[];
      delimiter: string;
      quote: string | null;
      encoding: string;
      rows: SourceRow[];
    };

async function read(bytes: Buffer): Promise<Read> {
  try {
    const table = await openTable(inPieces(bytes), { name: 'mutated.csv', named: [] });
    const rows: SourceRow[] = [];
    for await (const row of table.read()) rows.push(row);
    const { delimiter, quote, encoding } = table.layout;
    return { columns: table.columns ?? [], delimiter: delimiter ?? '', quote, encoding, rows };
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code !== 'internal') return { fault: thrown.message };
    throw thrown;
  }
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997);
}

/** Rows of each file with the number of the line that they end on, as Python's reader counts. */
const PYTHON = `import csv,io,json,sys
csv.field_size_limit(1<<30)
for line in sys.stdin:
    case=json.loads(line)
    text=bytes.fromhex(case["bytes"]).decode(case["encoding"],"surrogateescape")
    if text.startswith("\\ufeff"): text=text[1:]
    rows=[]
    try:
        quoting={"quotechar":'"'} if case["quote"] else {"quoting":csv.QUOTE_NONE}
        for row in csv.reader(io.StringIO(text,newline=""),delimiter=case["delimiter"],strict=True,**quoting):
            rows.append([cell.encode("utf-8","surrogateescape").hex() for cell in row])
        print(json.dumps({"rows":rows}))
    except csv.Error as error:
        print(json.dumps({"error":str(error),"rows":rows}))
`;

describe('a damaged CSV file', () => {
  it('is refused in a sentence or read as Python reads it, row by row', async () => {
    const random = createRandom(20_261_130);
    const files = Array.from({ length: FILES }, () => mutate(random.pick(SEEDS), random));
    const reads: Read[] = [];
    for (const file of files) reads.push(await read(file));
    const refused = reads.filter((one) => 'fault' in one).length;
    expect(refused).toBeLessThan(FILES / 2);

    const cases = files.flatMap((bytes, i) => {
      const ours = reads[i] as Read;
      return 'fault' in ours ? [] : [{ bytes, ours }];
    });
    const input = cases
      .map(({ bytes, ours }) =>
        JSON.stringify({
          bytes: bytes.toString('hex'),
          delimiter: ours.delimiter,
          quote: ours.quote !== null,
          encoding: ours.encoding,
        }),
      )
      .join('\n');
    const python = spawnSync('python3', ['-c', PYTHON], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
    if (python.error !== undefined) {
      console.warn('python3 is not here: mutated files were read, but not compared');
      return;
    }
    expect(python.stderr).toBe('');
    const theirs = python.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { rows: string[][]; error?: string });
    let compared = 0;
    const differing: string[] = [];
    for (const [i, { bytes, ours }] of cases.entries()) {
      const known = new Set((theirs[i]?.rows ?? []).map((row) => keyOf(row, ours.columns.length)));
      // Where Python stops, what comes after is not known to it.
      if (theirs[i]?.error !== undefined) continue;
      for (const row of ours.rows) {
        if ('fault' in row) continue;
        compared += 1;
        const cells = ours.columns.map((column) => (row.values[column] as string | undefined) ?? '');
        if (new Set(ours.columns).size !== ours.columns.length) continue;
        const key = keyOf(
          cells.map((cell) => Buffer.from(cell).toString('hex')),
          ours.columns.length,
        );
        if (!known.has(key))
          differing.push(`${i} line ${row.line}: ${JSON.stringify(cells)} ${bytes.length}`);
      }
    }
    expect(differing).toEqual([]);
    expect(compared).toBeGreaterThan(2000);
  }, 120_000);
});

/** Cells that are left out at the end of a row are empty. */
function keyOf(hex: readonly string[], columns: number): string {
  return Array.from({ length: columns }, (_, i) => hex[i] ?? '').join(',');
}
