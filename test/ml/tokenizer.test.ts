import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { packageRoot } from '../../src/core/paths.ts';
import { bucketByLength, openTokenizer, padBatch, type TextTokenizer } from '../../src/ml/tokenizer.ts';

describe('the tokenizer of the base encoder', () => {
  let tokenizer: TextTokenizer;
  beforeAll(async () => {
    tokenizer = await openTokenizer(path.join(packageRoot, 'assets/encoder'));
  });

  it('puts [CLS] and [SEP] around the pieces of words', () => {
    expect(tokenizer.encode('Hello world, GOOD', 128)).toEqual([101, 7592, 2088, 1010, 2204, 102]);
    expect(tokenizer.encode('', 128)).toEqual([101, 102]);
    expect(tokenizer).toMatchObject({ padTokenId: 0, vocabularySize: 30522 });
  });

  it('cuts the text, not [SEP], at the maximum length', () => {
    expect(tokenizer.encode('hello world, good', 4)).toEqual([101, 7592, 2088, 102]);
    expect(() => tokenizer.encode('hello', 1)).toThrow(/at least 2/);
  });

  it.each([
    ['long words', 'incomprehensibilities '.repeat(300)],
    [
      'white space and control characters',
      `${' \u0000\u200B'.repeat(4000)}hello world ${'\n'.repeat(3000)}again`,
    ],
    ['no white space at all', 'aé漢字🙂'.repeat(500)],
    ['right-to-left text', 'שלום עולם '.repeat(200)],
  ])('reads only a beginning of a text with %s, and finds the same ids as in the whole', (_what, text) => {
    const whole = tokenizer.encode(text, 1_000_000);
    const expected = whole.length <= 32 ? whole : [...whole.slice(0, 31), 102];
    expect(tokenizer.encode(text, 32)).toEqual(expected);
  });

  it('gives the ids of the Hugging Face tokenizer for every mixture of words, punctuation, scripts and white space', async () => {
    const folder = path.join(packageRoot, 'assets/encoder');
    const read = async (name: string): Promise<object> =>
      JSON.parse(await readFile(path.join(folder, name), 'utf8')) as object;
    const whole = new Tokenizer(await read('tokenizer.json'), await read('tokenizer_config.json'));
    const random = createRandom(3);
    const parts = [
      'Lamp',
      'ÉTÉ',
      "don't",
      'a\u0301',
      '\u0301',
      '漢字',
      'ΣΑΣ',
      '🙂👨‍👩‍👧',
      '[MASK]',
      'x[SEP]y',
      '\u0000',
      '\u00a0',
      '\u200b',
      '\u2003',
      '...',
      '$5.99',
      'İstanbul',
      'ﬁn',
      'w'.repeat(120),
    ];
    const spaces = [' ', '  ', '\n', '\t ', '\r\n', ''];
    for (let text = 0; text < 500; text += 1) {
      const mixed = Array.from(
        { length: 1 + random.below(12) },
        () => random.pick(parts) + random.pick(spaces),
      ).join('');
      expect(tokenizer.encode(mixed, 1_000_000)).toEqual(whole.encode(mixed).ids);
    }
  });

  it('refuses a directory without tokenizer.json', async () => {
    await expect(openTokenizer(path.join(packageRoot, 'assets'))).rejects.toMatchObject({
      code: 'bad-model',
      message: /tokenizer.json is missing or malformed/,
    });
  });
});

describe('batches', () => {
  it('are padded to their longest member, with a mask', () => {
    const { inputIds, attentionMask, batch, time } = padBatch([[5, 6, 7], [8]], 0);
    expect([batch, time]).toEqual([2, 3]);
    expect([...inputIds].map(Number)).toEqual([5, 6, 7, 8, 0, 0]);
    expect([...attentionMask].map(Number)).toEqual([1, 1, 1, 1, 0, 0]);
  });

  it('hold texts of like length within the token budget, every text once', () => {
    const batches = bucketByLength([9, 2, 3, 8, 2, 40], 18);
    expect(batches).toEqual([[1, 4, 2], [3, 0], [5]]);
  });
});
