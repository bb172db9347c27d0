/**
 * Whatever a file holds, twice as much of it takes about twice as long: measured as growth, on sizes where
 * constant costs are small.
 */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { toPlainText } from '../../src/core/markup.ts';
import { openTable } from '../../src/data/format/open-table.ts';
import { createNumberEvidence } from '../../src/data/values/numbers.ts';
import { createTimeEvidence } from '../../src/data/values/times.ts';

async function readAll(text: string): Promise<void> {
  const bytes = Readable.from(cut(Buffer.from(text)));
  try {
    const table = await openTable(bytes as AsyncIterable<Uint8Array>, { name: 'a', named: [] });
    for await (const row of table.read()) void row;
  } catch {
    // Refusing is an answer too; it must come in time.
  }
}

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1 << 16) yield bytes.subarray(at, at + (1 << 16));
}

const read = (cell: string): void => {
  createNumberEvidence().read(cell);
  createTimeEvidence().read(cell);
};

const GROWING: readonly (readonly [string, number, (n: number) => void | Promise<void>])[] = [
  ['columns of a header', 400_000, (n) => readAll(`${'c,'.repeat(n)}c\n1\n`)],
  ['digits of a cell', 4_000_000, (n) => read('1'.repeat(n))],
  ['separators of a cell', 4_000_000, (n) => read('1,'.repeat(n))],
  ['rows without a delimiter', 100_000, (n) => readAll('title\n'.repeat(n))],
  ['rows of quotes', 60_000, (n) => readAll(`a,b\n${'"x""",y\n'.repeat(n)}`)],
  ['a quote that is never closed', 3_000_000, (n) => readAll(`a,b\n"${'x'.repeat(n)}`)],
  ['lines of CR alone', 100_000, (n) => readAll('a,b\r'.repeat(n))],
  ['elements of a JSON list', 50_000, (n) => readAll(`[${'{"a":1},'.repeat(n)}{}]`)],
  ['levels of JSON', 2_000_000, (n) => readAll(`[{"a":${'['.repeat(n)}${']'.repeat(n)}}]`)],
  [
    'items of a feed',
    15_000,
    (n) => readAll(`<rss><channel>${'<item><title>x</title></item>\n'.repeat(n)}</channel></rss>`),
  ],
  ['levels of a feed', 100_000, (n) => readAll(`<rss>${'<item>'.repeat(n)}`)],
  ['tags of a description', 8000, (n) => void toPlainText('<b>x</b> &amp; '.repeat(n))],
  ['levels of a description', 16_000, (n) => void toPlainText('<div>'.repeat(n))],
];

describe('reading', () => {
  it.each(GROWING)('%s takes linear time', async (_, size, work) => {
    const timeOf = async (n: number): Promise<number> => {
      let best = Infinity;
      for (let i = 0; i < 2; i += 1) {
        const start = process.cpuUsage();
        await work(n);
        const { user, system } = process.cpuUsage(start);
        best = Math.min(best, user + system);
      }
      return best;
    };
    await work(size / 4);
    const isSteep = async (): Promise<boolean> => {
      const once = await timeOf(size);
      const twice = await timeOf(2 * size);
      // A few milliseconds are the clock's and the collector's.
      return twice > 3 * once + 20_000;
    };
    // What is steep by itself is steep again; the collector is not.
    expect((await isSteep()) && (await isSteep()) && (await isSteep())).toBe(false);
  });
});
