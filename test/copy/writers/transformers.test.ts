import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createCopywriter,
  createTransformersWriter,
  loadChannels,
  type Copy,
} from '../../../src/copy/index.ts';
import { writeTinyLanguageModel } from './tiny-language-model.ts';
import { writeCopy } from '../../../fixtures/write-copy.ts';

const lamp = { title: 'Nordic Desk Lamp', description: 'A compact light with a soft glow.' };
const CORPUS = [
  'soft light for quiet desks.',
  'a compact glow for late pages.',
  'quiet evenings, soft pages.',
  'late light, a soft evening.',
];

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-writer-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function openCopywriter(model: string, timeoutMs: number): () => Promise<Copy> {
  const copywriter = createCopywriter({
    channels: loadChannels(),
    writer: createTransformersWriter({ model, maxNewTokens: 12, timeoutMs }),
  });
  closers.push(() => copywriter.close());
  return () => writeCopy(copywriter, { ...lamp, count: 2 }, (texts) => Promise.resolve(texts.map(() => 0)));
}

describe('createTransformersWriter', () => {
  it('generates with a model directory, the same for the same seed', async () => {
    const folder = await makeFolder();
    await writeTinyLanguageModel(folder, CORPUS);
    const ask = openCopywriter(folder, 60_000);
    const copy = await ask();
    expect(copy.writer).toBe('transformers');
    const known = new Set(CORPUS.join(' ').match(/[a-z]+/gu));
    expect(
      copy.social_media_caption
        .toLowerCase()
        .match(/[a-z]+/gu)
        ?.every((word) => known.has(word)),
    ).toBe(true);
    expect(await ask()).toEqual(copy);
  });

  it('leaves the work to templates when there is no such model, and says so', async () => {
    const folder = await makeFolder();
    await writeFile(
      path.join(folder, 'config.json'),
      '{"model_type":"gpt2","n_layer":0,"n_head":1,"n_embd":8}',
    );
    const copy = await openCopywriter(folder, 60_000)();
    expect(copy.writer).toBe('templates');
    expect(copy.fallback).toMatch(/^transformers failed: cannot load the text model .*copyloop-writer-/);
  });

  it('leaves the work to templates when the model is slow', async () => {
    const folder = await makeFolder();
    await writeTinyLanguageModel(folder, CORPUS);
    const copy = await openCopywriter(folder, 1)();
    expect(copy.writer).toBe('templates');
    expect(copy.fallback).toMatch(/gave no text within 1 ms/);
  });
});
