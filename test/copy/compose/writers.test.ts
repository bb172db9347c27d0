import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/core/config/index.ts';
import {
  createCopywriter,
  loadChannels,
  openCopywriter,
  parseBrandProfile,
  type Draft,
  type Writer,
} from '../../../src/copy/index.ts';

const lamp = {
  title: 'Nordic Desk Lamp',
  description:
    'The Nordic Desk Lamp is a compact light for small desks, with a soft glow and a foldable arm.',
};
const channels = loadChannels();

/** A writer that has so many texts for each field, all of them its own. */
const writerOf = (name: Writer['name'], word: string, texts: number, asked: string[] = []): Writer => ({
  name,
  write: (_, fields) => {
    asked.push(...fields.map((field) => field.name));
    return Promise.resolve(
      fields.map(() => Array.from({ length: texts }, (_, at) => `A ${word} lamp ${'so '.repeat(at)}soft.`)),
    );
  },
});
const broken: Writer = { name: 'openai', write: () => Promise.reject(new Error('no network')) };
const countWriters = (draft: Draft, field: string): Record<string, number> => {
  const texts = draft.fields.find(({ plan }) => plan.request.name === field)?.texts ?? [];
  return Object.fromEntries(
    [...new Set(texts.map(({ writer }) => writer))].map((name) => [
      name,
      texts.filter(({ writer }) => writer === name).length,
    ]),
  );
};

describe('writers in order of preference', () => {
  it('fill in what those before them leave open, templates last, and the answer says why', async () => {
    const copywriter = createCopywriter({
      channels,
      writers: [writerOf('openai', 'bright', 2), writerOf('module', 'calm', 1)],
    });
    const draft = await copywriter.propose({ ...lamp, count: 4 });
    expect(countWriters(draft, 'ad_copy')).toEqual({ openai: 2, module: 1, templates: 1 });
    expect(draft.fallback).toBe(
      'openai left 4 of 8 texts open (it proposed too few); module left 2 of 8 texts open (it proposed too few)',
    );
    const copy = copywriter.choose(
      draft,
      draft.texts.map((_, at) => at),
    );
    const marks = (copy.alternatives['ad_copy'] ?? []).map(({ writer }) => writer);
    expect(marks.filter((writer) => writer === undefined)).toHaveLength(1);
  });

  it('need no templates where one of them writes all', async () => {
    const copywriter = createCopywriter({ channels, writers: [broken, writerOf('module', 'calm', 4)] });
    const draft = await copywriter.propose({ ...lamp, count: 4 });
    expect(countWriters(draft, 'ad_copy')).toEqual({ module: 4 });
    expect(draft.fallback).toBe('openai failed: no network');
  });

  it('are chosen per request and per channel', async () => {
    const asked: string[] = [];
    const copywriter = createCopywriter({
      channels,
      writers: [writerOf('openai', 'bright', 9)],
      otherWriters: [writerOf('module', 'calm', 9, asked)],
      channelWriters: { x: 'module' },
    });
    const draft = await copywriter.propose({ ...lamp, count: 2, channels: ['x', 'sms'] });
    expect(countWriters(draft, 'x.text')).toEqual({ module: 2 });
    expect(countWriters(draft, 'sms.text')).toEqual({ openai: 2 });
    expect(asked).toEqual(['x.text']);
    const other = { ...lamp, count: 2, channels: ['sms'] };
    const turned = await copywriter.propose({ ...other, channelWriters: { sms: 'templates' } });
    expect(countWriters(turned, 'sms.text')).toEqual({ templates: 2 });
    expect(countWriters(await copywriter.propose({ ...other, writer: 'module' }), 'ad_copy')).toEqual({
      module: 2,
    });
    await expect(copywriter.propose({ ...lamp, writer: 'transformers' })).rejects.toMatchObject({
      code: 'invalid-input',
      details: { field: 'writer', allowed: ['module', 'templates', 'openai'] },
    });
  });

  it('are told what a field has and what was refused of it, and asked for what is missing alone', async () => {
    const asked: unknown[] = [];
    const teller: Writer = {
      name: 'templates',
      immediate: true,
      write: (_, fields, { said, unfit }) => {
        asked.push(...fields.map(({ name, count }) => [name, count, said?.[name], unfit?.[name]]));
        return fields.map(() => ['A calm lamp.', 'A soft lamp.', 'A small lamp.']);
      },
    };
    const first: Writer = {
      name: 'openai',
      write: (_, fields) => Promise.resolve(fields.map(() => ['A lamp of gold.', 'A bright lamp.'])),
    };
    const copywriter = createCopywriter({ channels, writers: [first, teller] });
    await copywriter.propose({ ...lamp, count: 4, channels: [] });
    const told = [3, ['A bright lamp.'], ['A lamp of gold.']];
    expect(asked).toEqual([
      ['social_media_caption', ...told],
      ['ad_copy', ...told],
    ]);
  });

  it('say nothing in two fields of an advertisement that stand beside each other', async () => {
    for (const writers of [[], [writerOf('openai', 'calm', 4)]]) {
      const copywriter = createCopywriter({ channels, writers });
      const { fields } = await copywriter.propose({ ...lamp, count: 4, channels: ['meta_ads'] });
      const beside = fields.filter(({ plan }) => plan.request.role === 'headline');
      const texts = beside.flatMap(({ texts: list }) => list.map(({ text }) => text));
      expect(beside.map(({ texts: list }) => list.length)).toEqual([4, 4]);
      expect(new Set(texts).size).toBe(8);
    }
  });

  it('propose all together, and the champion chooses among all texts', async () => {
    const copywriter = createCopywriter({
      channels,
      writers: [broken, writerOf('module', 'calm', 3), writerOf('transformers', 'bright', 3)],
    });
    const draft = await copywriter.propose({ ...lamp, count: 3, together: true });
    expect(countWriters(draft, 'ad_copy')).toEqual({ module: 3, transformers: 3 });
    expect(draft.fallback).toBe('openai failed: no network');
    const last = draft.texts.length - 1;
    const copy = copywriter.choose(
      draft,
      draft.texts.map((_, at) => (at === last ? 1 : 0)),
    );
    expect([copy.ad_copy, copy.alternatives['ad_copy']?.[0]?.writer]).toEqual([
      'A bright lamp so so soft.',
      'transformers',
    ]);
  });

  it('are shown examples of the brand, its own before those that people took, as many as configured', async () => {
    const shown: unknown[] = [];
    const writer: Writer = {
      name: 'openai',
      write: (_, fields, { examples, note }) => {
        shown.push(examples?.['ad_copy']);
        note?.({
          model: 'm',
          fingerprint: null,
          prompt: null,
          parameters: {},
          promptTokens: 0,
          cachedTokens: 0,
          completionTokens: 0,
          isCounted: false,
          cost: null,
          currency: null,
        });
        return Promise.resolve(fields.map(() => []));
      },
    };
    const profile = parseBrandProfile({ examples: [{ field: 'ad_copy', text: 'Hang it. Done.' }] });
    const brands = { resolve: () => Promise.resolve({ name: 'acme', version: 2, profile }) };
    const exampleSource = {
      find: () =>
        Promise.resolve({ ad_copy: [1, 2, 3].map((at) => ({ id: `p${at}.ad_copy.0`, text: `Text ${at}` })) }),
    };
    const ask = async (exampleCount: number) =>
      await createCopywriter({ channels, writer, brands, exampleSource, exampleCount }).propose({
        ...lamp,
        brand: 'acme',
      });
    const draft = await ask(2);
    expect(shown).toEqual([
      [
        { id: 'acme@2 #1', text: 'Hang it. Done.' },
        { id: 'p1.ad_copy.0', text: 'Text 1' },
      ],
    ]);
    expect(draft.authors).toMatchObject([{ examples: ['acme@2 #1', 'p1.ad_copy.0'] }]);
    await ask(0);
    expect(shown[1]).toEqual([]);
  });

  it('are told the brand', async () => {
    const told: unknown[] = [];
    const writer: Writer = {
      name: 'openai',
      write: (_, fields, { brand }) => {
        told.push(brand?.profile.voice);
        return Promise.resolve(fields.map(() => []));
      },
    };
    const brand = { name: 'acme', version: 1, profile: parseBrandProfile({ voice: 'dry' }) };
    const brands = { resolve: () => Promise.resolve(brand) };
    await createCopywriter({ channels, writer, brands }).propose({ ...lamp, brand: 'acme' });
    expect(told).toEqual(['dry']);
  });
});

describe("a writer of one's own", () => {
  let folder = '';
  beforeAll(async () => (folder = await mkdtemp(path.join(tmpdir(), 'copyloop-module-'))));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const open = (file: string, settings: object = {}) => {
    const { config } = loadConfig({
      env: {},
      overrides: { 'copy.writers': ['module'], 'copy.module': { path: file, settings } },
    });
    return openCopywriter(config.copy);
  };

  it('is a module that exports a function', async () => {
    const file = path.join(folder, 'mine.mjs');
    await writeFile(
      file,
      `export default ({ word }) => ({
        write: (brief, fields) => fields.map(({ count }) =>
          Array.from({ length: count }, (_, at) => brief.name + ', ' + word + ' '.repeat(1) + 'and so '.repeat(at) + 'on.')),
      });`,
    );
    const draft = await open(file, { word: 'soft' }).propose({ ...lamp, count: 3 });
    expect([draft.fallback, countWriters(draft, 'ad_copy')]).toEqual([null, { module: 3 }]);
    expect(draft.texts).toContainEqual(expect.stringContaining('Nordic Desk Lamp, soft on.'));
  });

  it('leaves the work to templates where the module cannot be used, and says why', async () => {
    const empty = path.join(folder, 'empty.mjs');
    await writeFile(empty, 'export const nothing = 1;');
    expect((await open(empty).propose(lamp)).fallback).toMatch(/its default export is no function/);
    expect((await open(path.join(folder, 'missing.mjs')).propose(lamp)).fallback).toMatch(
      /copy\.module\.path is/,
    );
  });

  it('may be the example that wraps the AI SDK', async () => {
    const sdk = path.join(folder, 'sdk.mjs');
    const provider = path.join(folder, 'provider.mjs');
    // As the packages are used by the example: what is asked goes to the model that the provider made.
    await writeFile(
      sdk,
      `export const generateText = async ({ model, prompt }) => ({
        text: 'Sure: ' + JSON.stringify(Object.fromEntries(JSON.parse(prompt).fields.map(({ name, texts }) =>
          [name, Array.from({ length: texts }, (_, at) => 'A ' + model + ' lamp ' + 'so '.repeat(at) + 'soft.')]))),
        usage: { inputTokens: 12, outputTokens: 34 }, response: { modelId: model + '-1' },
      });`,
    );
    await writeFile(provider, 'export const calm = (id) => id;');
    const example = path.resolve(import.meta.dirname, '../../../examples/ai-sdk-writer.mjs');
    const draft = await open(example, { sdk, provider, model: 'bright' }).propose({ ...lamp, count: 2 });
    expect([draft.fallback, countWriters(draft, 'ad_copy')]).toEqual([null, { module: 2 }]);
    expect(draft.authors).toMatchObject([
      { writer: 'module', model: 'bright-1', promptTokens: 12, completionTokens: 34 },
    ]);
  });
});
