import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { splitLines } from '../../src/data/split-lines.ts';

async function split(text: string, chunkBytes: number): Promise<string[]> {
  const bytes = Buffer.from(text);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes));
  const lines: string[] = [];
  for await (const line of splitLines(Readable.from(chunks))) lines.push(line.toString());
  return lines;
}

it('ends a line at \\n alone, wherever the chunks end', async () => {
  const lines = ['{"a":"x\u2028y"}', '', '{"b":"\u2029\u0085\r"}', '{"c":"é🙂"}'];
  for (const chunkBytes of [1, 2, 3, 7, 1000]) {
    expect(await split(`${lines.join('\n')}\n`, chunkBytes)).toEqual(lines);
    expect(await split(lines.join('\n'), chunkBytes)).toEqual(lines);
  }
  expect(await split('', 1)).toEqual([]);
});
