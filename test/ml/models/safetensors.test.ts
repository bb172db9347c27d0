import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTensorFile, readWeights, weightReader, writeWeights } from '../../../src/ml/models/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'copyloop-safetensors-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A file as another program would write it. */
async function writeFileOf(header: unknown, data: Uint8Array): Promise<string> {
  const file = path.join(folder, 'model.safetensors');
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  await writeFile(file, Buffer.concat([length, json, data]));
  return file;
}

describe('a safetensors file', () => {
  it('returns what was written, with its metadata, and leaves nothing beside it', async () => {
    const file = path.join(folder, 'model.safetensors');
    const tensors = new Map([
      ['b.weight', { shape: [2, 3], data: Float32Array.from([1, -2, 3.5, 1e-20, 0, -0]) }],
      ['ä', { shape: [], data: Float32Array.from([7]) }],
    ]);
    await writeWeights(file, tensors, 'F32', { state: 'here' });
    const { weights, metadata } = await readTensorFile(file);
    expect(metadata).toEqual({ state: 'here' });
    expect([...weights]).toEqual([...tensors].map(([name, tensor]) => [name, { dtype: 'F32', ...tensor }]));
    expect(await readdir(folder)).toEqual(['model.safetensors']);
    const headerBytes = Number((await readFile(file)).readBigUInt64LE(0));
    expect(headerBytes % 8).toBe(0);
  });

  it('of tensors that share their bytes is refused', async () => {
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    const file = await writeFileOf({ a: entry, b: entry }, new Uint8Array(8));
    await expect(readWeights(file)).rejects.toMatchObject({
      code: 'bad-model',
      message: /tensor "b" lies where others lie/,
    });
  });

  it('keeps as F16 what a half float can hold, and rounds the rest to nearest even', async () => {
    const file = path.join(folder, 'half.safetensors');
    const exact = [0, -0, 1, -2, 65_504, 2 ** -14, 2 ** -24, 1.5 * 2 ** -20, Infinity, -Infinity];
    // Half way between 1 and its successor, then between that and the next; too large; half the least; NaN.
    const rounded = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 65_520, 2 ** -25, NaN];
    const data = Float32Array.from([...exact, ...rounded]);
    await writeWeights(file, new Map([['x', { shape: [data.length], data }]]), 'F16');
    const read = (await readWeights(file)).get('x');
    expect(read?.dtype).toBe('F16');
    expect([...(read?.data ?? [])]).toEqual([...exact, 1, 1 + 2 ** -9, Infinity, 0, NaN]);
  });

  it('is read from bfloat16 too', async () => {
    const words = Uint16Array.from([0x3f80, 0xc000, 0x7f80]);
    const header = { x: { dtype: 'BF16', shape: [3], data_offsets: [0, 6] } };
    const file = await writeFileOf(header, new Uint8Array(words.buffer));
    expect([...((await readWeights(file)).get('x')?.data ?? [])]).toEqual([1, -2, Infinity]);
  });

  it('may hold tensors of another type that nobody asks for; asked for, they are refused by name', async () => {
    const file = await writeFileOf(
      {
        'embeddings.position_ids': { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
        x: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
      },
      new Uint8Array(12),
    );
    const weights = await readWeights(file);
    expect([...weights.keys()]).toEqual(['x']);
    const read = weightReader(weights);
    expect([...read('x')]).toEqual([0]);
    expect(() => read('distilbert.embeddings.position_ids')).toThrow(
      `${file}: tensor "embeddings.position_ids" is stored as I64; readable are F32, F16, BF16`,
    );
    expect(weights.has('embeddings.position_ids')).toBe(true);
    expect(weights.delete('embeddings.position_ids')).toBe(true);
    expect(weights.get('embeddings.position_ids')).toBeUndefined();
  });

  it.each([
    [{ step: 3 }, 'has a value that is no string, of "step"'],
    ['pt', 'is no object'],
  ])('is refused with metadata that are no strings: %j', async (metadata, message) => {
    const file = await writeFileOf({ __metadata__: metadata }, new Uint8Array(0));
    await expect(readWeights(file)).rejects.toMatchObject({
      code: 'bad-model',
      message: expect.stringMatching(
        new RegExp(`${path.basename(file)}: __metadata__ ${message}.*save the model again`),
      ),
    });
  });

  it('is refused when it is cut or no such file, naming file and tensor', async () => {
    const cut = await writeFileOf(
      { x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } },
      new Uint8Array(4),
    );
    await expect(readWeights(cut)).rejects.toThrow(/"x" of shape \[2\] wants 8 bytes and has 4/);
    const other = path.join(folder, 'other');
    await writeFile(other, 'this is not what it should be');
    await expect(readWeights(other)).rejects.toMatchObject({ code: 'bad-model' });
  });
});
