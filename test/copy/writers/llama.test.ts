/**
 * The grammar of the llama writer, and the writer with a real small model where there is one:
 * LLAMA_TEST_FOLDER names a folder with `model.gguf` and an installed `node-llama-cpp`
 * (test/clients/fetch-small-model.sh makes it).
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createBrief } from '../../../src/copy/brief/index.ts';
import { createCopywriter, loadChannels } from '../../../src/copy/index.ts';
import { listWords, renderGrammar } from '../../../src/copy/writers/llama/grammar.ts';
import { createLlamaWriter, type FieldRequest } from '../../../src/copy/writers/index.ts';

const lamp = {
  title: 'Nordic Desk Lamp 30 cm',
  description: 'A compact light of oak with a soft glow, 5 steps and a foldable arm. It is not waterproof.',
};
const field: FieldRequest = {
  name: 'ad_copy',
  role: 'ad',
  count: 2,
  aim: 120,
  maxChars: 125,
  fits: (text) => text.length <= 125,
  plain: false,
  gsm7: false,
};

/** The texts that a trie of the grammar spells. */
function spell(rule: string, grammar: string): string[] {
  const line = grammar.split('\n').find((each) => each.startsWith(`${rule} ::= `)) ?? '';
  const tokens = line.slice(rule.length + 5).match(/"(?:[^"\\]|\\.)*"|[()|?]/gu) ?? [];
  let at = 0;
  const readWays = (): string[] => {
    const all: string[] = [];
    for (;;) {
      const literal = (tokens[at++] ?? '').slice(1, -1);
      let ends = [''];
      if (tokens[at] === '(') {
        at += 1;
        const inner = readWays();
        at += 1;
        ends = tokens[at] === '?' ? ['', ...inner] : inner;
        if (tokens[at] === '?') at += 1;
      }
      all.push(...ends.map((end) => literal + end));
      if (tokens[at] !== '|') return all;
      at += 1;
    }
  };
  return readWays();
}

describe('the grammar of a local model', () => {
  const brief = createBrief(lamp);

  it('spells exactly the words that may be said', () => {
    const words = listWords(brief);
    expect(spell('word', renderGrammar(brief, field)).toSorted()).toEqual(words.toSorted());
    expect(words).toEqual(expect.arrayContaining(['foldable', 'oak', 'glow', 'compact', 'with']));
  });

  it('holds no number, no material and no promise that the record does not make', () => {
    const words = new Set(listWords(brief).map((word) => word.toLowerCase()));
    for (const word of [
      'steel',
      'leather',
      'waterproof',
      'guaranteed',
      'two',
      'double',
      'best',
      'free',
      'organic',
    ])
      expect(words.has(word)).toBe(false);
    const { title, description } = { title: 'Steel Mug', description: 'A mug of steel.' };
    expect(listWords(createBrief({ title, description }))).toContain('steel');
    expect([...words].join(' ')).not.toMatch(/\d/u);
  });

  it('leaves out banned words, and characters that the field does not take', () => {
    const cafe = createBrief({
      title: 'Café Ďábel Lamp',
      description: 'A compact light.',
      bannedWords: ['Compact'],
    });
    const words = spell('word', renderGrammar(cafe, { ...field, gsm7: true }));
    expect(words).toContain('light');
    expect(words.join(' ')).not.toMatch(/compact|Ď/iu);
  });

  it('opens with what the product is, and is short where the field is', () => {
    expect(renderGrammar(brief, field)).toMatch(
      /^root ::= first \(" " sentence\)\{0,1\}\nfirst ::= "Nordic Desk Lamp/u,
    );
    const headline = { ...field, role: 'headline' as const, aim: 28, maxChars: 30 };
    expect(renderGrammar(brief, headline)).toMatch(
      /^root ::= first\nfirst ::= "[^"]+" \(" " word\)\{0,1\} " " last\n/u,
    );
  });

  it('ends no sentence with a word that promises another', () => {
    const ends = spell('last', renderGrammar(brief, field));
    expect(ends).toEqual(expect.arrayContaining(['glow', 'foldable']));
    for (const word of ['with', 'the', 'and', 'your', 'makes']) expect(ends).not.toContain(word);
    expect(listWords(brief)).toEqual(expect.arrayContaining(ends));
  });
});

const folder = process.env['LLAMA_TEST_FOLDER'] ?? '';
const model = path.join(folder, 'model.gguf');
const packageName = path.join(folder, 'node_modules/node-llama-cpp/dist/index.js');
const isThere = folder !== '' && existsSync(model) && existsSync(packageName);
if (!isThere)
  console.warn(
    'SKIPPED: the llama writer with a real model; LLAMA_TEST_FOLDER names no folder that holds one',
  );

describe.skipIf(!isThere)('the llama writer with a real small model', () => {
  const products = [
    lamp,
    {
      title: 'Yellow Peeler',
      description: 'The Yellow Peeler is a handy tool for peeling fruits with ease.',
    },
    { title: 'Vivo S1', description: 'The Vivo S1 is a stylish smartphone. It has a vibrant display.' },
  ];
  const write = async () => {
    const writer = createLlamaWriter({ model, packageName, timeoutMs: 500_000 });
    const copywriter = createCopywriter({ channels: loadChannels(), writer });
    try {
      const drafts = [];
      for (const product of products)
        drafts.push(
          await copywriter.propose({ ...product, count: 1, channels: ['sms', 'google_rsa'], seed: 3 }),
        );
      return drafts;
    } finally {
      // Kills the process.
      await copywriter.close();
    }
  };

  it('fills most fields with what no check refuses, and after its process was killed with the same bytes', async () => {
    const drafts = await write();
    const fields = drafts.flatMap((draft) => draft.fields.map(({ texts }) => texts));
    const own = fields.filter((texts) => texts.every(({ writer }) => writer === 'llama'));
    expect(own.length / fields.length).toBeGreaterThanOrEqual(0.7);
    const reasons = new Set(drafts.flatMap(({ refusals }) => refusals.map(({ reason }) => reason)));
    expect([...reasons].filter((reason) => reason !== 'it repeats another')).toEqual([]);
    expect(drafts[0]?.authors).toMatchObject([
      { writer: 'llama', fingerprint: expect.stringMatching(/^sha256 [0-9a-f]{16}$/) },
    ]);
    const again = await write();
    expect(again.map((draft) => draft.fields.map(({ texts }) => texts))).toEqual(
      drafts.map((draft) => draft.fields.map(({ texts }) => texts)),
    );
  }, 1_200_000);
});

it('a llama writer says what to install where its package is missing, and templates write', async () => {
  const writer = createLlamaWriter({ model: 'none.gguf', packageName: '/nowhere/node-llama-cpp/index.js' });
  const copywriter = createCopywriter({ channels: loadChannels(), writer });
  const draft = await copywriter.propose({ ...lamp, count: 1 });
  await copywriter.close();
  expect(draft.fallback).toMatch(
    /llama failed: cannot load the text model none.gguf: .* is not installed \(npm install node-llama-cpp/,
  );
});

it('a llama writer names the LoRA adapter that is missing, and templates write', async () => {
  const writer = createLlamaWriter({ model: 'none.gguf', lora: '/nowhere/adapter.gguf' });
  const copywriter = createCopywriter({ channels: loadChannels(), writer });
  const draft = await copywriter.propose({ ...lamp, count: 1 });
  await copywriter.close();
  expect(draft.fallback).toMatch(
    /llama failed: cannot load the text model none.gguf: its LoRA adapter \/nowhere\/adapter.gguf does not exist/,
  );
  expect(draft.fields.every(({ texts }) => texts.length > 0)).toBe(true);
});
