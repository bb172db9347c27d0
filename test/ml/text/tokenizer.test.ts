import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createRandom } from '../../../src/core/random.ts';
import { packageRoot } from '../../../src/core/paths.ts';
import {
  bucketByLength,
  openTokenizer,
  padBatch,
  type TextTokenizer,
} from '../../../src/ml/text/tokenizer.ts';

const MEGABYTE = 1_000_000;

/** Written by bench/reference/record_token_ids.py with Python's `tokenizers`. */
const recorded = z
  .object({
    texts: z.record(z.string(), z.array(z.int())),
    letters: z.string(),
    blockSize: z.int(),
    blocks: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(path.join(packageRoot, 'fixtures/token-ids.json'), 'utf8')));

/**
 * What a cut could go wrong at: characters that are removed, joined to others, words of their own, or change
 * what is about them.
 */
const RESISTING = [
  ['a', 'é', 'x1', 'Ω', 'İ', 'ﬁ', '한', 'カ', 'ก', '🙂', '𠀀', '\u{1d16d}'],
  ['Σ', 'ΑΣ', 'σ', 'ʰ', '.', "'", ':', '^', '’', '·', '\u0345', 'ͺ'],
  ['漢', '豈', '-', '_', '…', '،', '≠', '€', '$'],
  ['[', ']', '[MASK]', '[MA', 'SK]', '[SEP'],
  ['\u0301', '\u034f', '\u0488', '\u200b', '\u0000', '\u00ad', '\ufffd', '\ue000', '\ud83d', '\ude42'],
  ['\u00a0', '\u3000', '\u2028', ' '],
].flat();

/** About a megabyte of parts of `chars` characters. */
function drawText(chars: number, part: (index: number) => string): string {
  return Array.from({ length: MEGABYTE / chars }, (_, index) => part(index)).join('');
}

/** Marks that the tokenizer removes, in as many orders as there are numbers. */
function removed(index: number): string {
  return index.toString(2).replaceAll('1', '\u0301').replaceAll('0', '\u0302');
}

async function readTokenizerFile(name: string): Promise<object> {
  return JSON.parse(await readFile(path.join(packageRoot, 'assets/encoder', name), 'utf8')) as object;
}

/** The tokenizer that reads every text to its end. */
async function openWhole(): Promise<Tokenizer> {
  return new Tokenizer(
    await readTokenizerFile('tokenizer.json'),
    await readTokenizerFile('tokenizer_config.json'),
  );
}

/** What the library reads otherwise than Hugging Face's own tokenizer, which the recorded ids are of. */
function amended(text: string): string {
  return text.replaceAll('Σ', 'σ').replaceAll('𠀀', ' 𠀀 ');
}

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
    const whole = await openWhole();
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
      expect(tokenizer.encode(mixed, 1_000_000)).toEqual(whole.encode(amended(mixed)).ids);
    }
  });

  it('gives the first of the ids that the whole has, however its text is made to resist cutting', async () => {
    const whole = await openWhole();
    const random = createRandom(5);
    for (let text = 0; text < 600; text += 1) {
      const parts = Array.from({ length: 2 + random.below(6) }, () => random.pick(RESISTING));
      const hostile = Array.from({ length: 1 + random.below(90) }, () => {
        const part = random.pick(parts);
        return random.chance(0.05) ? part.repeat(random.below(150)) : part;
      }).join('');
      const all = whole.encode(amended(hostile)).ids;
      for (const maxLength of [8, 48, 1_000_000]) {
        const expected = all.length <= maxLength ? all : [...all.slice(0, maxLength - 1), 102];
        expect(tokenizer.encode(hostile, maxLength), JSON.stringify(hostile)).toEqual(expected);
      }
    }
  });

  it.each([
    ['Chinese', () => drawText(1, (index) => String.fromCodePoint(0x4e00 + ((index * 7919) % 20_000)))],
    ['hyphens', () => drawText(4, (index) => `${(index % 900) + 100}-`)],
    ['emoji', () => '🙂👍'.repeat(MEGABYTE / 4)],
    ['combining marks alone', () => '\u0301\u0302'.repeat(MEGABYTE / 2)],
    ['accented letters', () => 'e\u0301'.repeat(MEGABYTE / 2)],
    ['one word', () => 'abcde'.repeat(MEGABYTE / 5)],
    ['no-break spaces and control characters', () => '\u00a0\u0000'.repeat(MEGABYTE / 2)],
    ['beginnings of special tokens', () => '[CLS'.repeat(MEGABYTE / 4)],
    ['a capital sigma before dots', () => `ΑΣ${'.'.repeat(MEGABYTE)}Α`],
    ['words of nothing', () => drawText(33, (index) => `${removed(index).padEnd(32, '\u200b')} `)],
  ])('reads little of a megabyte of %s', (_what, createText) => {
    const text = createText();
    expect(text.length).toBeGreaterThanOrEqual(0.9 * MEGABYTE);
    const encode = vi.spyOn(Tokenizer.prototype, 'encode');
    try {
      expect(tokenizer.encode(text, 128).length).toBeLessThanOrEqual(128);
      const calls = encode.mock.calls as [text: string][];
      const charsRead = calls.reduce((sum, [piece]) => sum + piece.length, 0);
      expect(charsRead).toBeLessThan(1000);
    } finally {
      encode.mockRestore();
    }
  });

  it.each(Object.entries(recorded.texts))('reads %j as Hugging Face does', (text, ids) => {
    expect(tokenizer.encode(text, 512)).toEqual(ids);
  });

  it('reads every letter of Unicode as Hugging Face does', () => {
    const blocks = new Map<number, ReturnType<typeof createHash>>();
    for (const range of recorded.letters.split(' ')) {
      const [first = 0, last = first] = range.split('-').map((hex) => parseInt(hex, 16));
      for (let letter = first; letter <= last; letter += 1) {
        const block = Math.floor(letter / recorded.blockSize);
        const hash = blocks.get(block) ?? createHash('sha256');
        const char = String.fromCodePoint(letter);
        blocks.set(block, hash.update(`${tokenizer.encode(`a${char}b ${char}`, 512).join(',')}\n`));
      }
    }
    const digests = [...blocks].map(([block, hash]) => [block.toString(16), hash.digest('hex').slice(0, 16)]);
    expect(Object.fromEntries(digests)).toEqual(recorded.blocks);
  });

  it('reads words as they stand where added tokens could lie across a cut', async () => {
    const file = (await readTokenizerFile('tokenizer.json')) as { added_tokens: object[] };
    file.added_tokens.push({ id: 5, content: 'a-b', special: false, single_word: false, normalized: true });
    const folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-tokenizer-'));
    try {
      await writeFile(path.join(folder, 'tokenizer.json'), JSON.stringify(file));
      const config = await readTokenizerFile('tokenizer_config.json');
      await writeFile(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
      const text = `${'x-'.repeat(15)}xa-b${'-x'.repeat(40)}`;
      const opened = await openTokenizer(folder);
      expect(opened.encode(text, 512)).toEqual(new Tokenizer(file, config).encode(text).ids);
    } finally {
      await rm(folder, { recursive: true });
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
