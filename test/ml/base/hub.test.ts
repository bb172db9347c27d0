import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../../src/core/paths.ts';
import { readRecipe, resolveBaseDirectory, trainCandidate } from '../../../src/ml/index.ts';
import { listenLocally } from '../../clients/listen-locally.ts';
import { writeTinyBase, writeTinyRows } from '../../../fixtures/tiny-base.ts';

/** The hub's protocol for files of public models, over those of one directory. */
async function answerAsHub(
  directory: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, repo, name] = /^\/(copyloop-test\/[^/]+)\/resolve\/main\/(.+)$/.exec(request.url ?? '') ?? [];
  const fail = (status: number, code: string): void =>
    void response.writeHead(status, { 'X-Error-Code': code }).end();
  if (repo === undefined || name === undefined) return fail(401, 'RepoNotFound');
  if (LACKING[repo] === name) return fail(404, 'EntryNotFound');
  if (repo === BROKEN && name === 'model.safetensors') {
    request.socket.destroy();
    return;
  }
  if (repo === SILENT) return;
  const bytes = await readFile(path.join(directory, name));
  if (repo === STUCK && name === 'model.safetensors' && request.headers.range === undefined) {
    response.writeHead(200, { 'Content-Length': bytes.length }).write(bytes.subarray(0, 100));
    return;
  }
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) {
    response.writeHead(200, { ETag: '"1"' }).end(bytes);
    return;
  }
  response
    .writeHead(206, { ETag: '"1"', 'Content-Range': `bytes ${from}-${to}/${bytes.length}` })
    .end(bytes.subarray(Number(from), Number(to) + 1));
}

const BROKEN = 'copyloop-test/broken';
const SILENT = 'copyloop-test/silent';
const STUCK = 'copyloop-test/stuck';
const LACKING: Record<string, string> = {
  'copyloop-test/lacks-words': 'vocab.txt',
  'copyloop-test/lacks-weights': 'model.safetensors',
};

describe('a base model of the hub', () => {
  let folder: string;
  let original: string;
  let server: Server;
  let hubUrl: string;
  const asked: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'copyloop-hub-'));
    original = await writeTinyBase(path.join(folder, 'original'));
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      void answerAsHub(original, request, response);
    });
    hubUrl = `http://127.0.0.1:${await listenLocally(server)}`;
  });
  afterAll(async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  });
  let cacheDirectory: string;
  beforeEach(async () => {
    cacheDirectory = await mkdtemp(path.join(folder, 'cache-'));
    asked.length = 0;
  });

  it('is fetched once, byte for byte, and trained from', async () => {
    const trainFile = await writeTinyRows(path.join(folder, 'train.csv'), 64, 1);
    const settings = { maxLength: 16, batchSize: 16, epochs: 1 };
    const recipe = await readRecipe(path.join(packageRoot, 'config/recipes'), 'head', settings);
    const base = 'copyloop-test/tiny';
    const places = {
      base,
      hubUrl,
      cacheDirectory,
      outputDirectory: path.join(folder, 'model'),
      workDirectory: path.join(folder, 'work'),
    };
    const { provenance } = await trainCandidate(
      { recipe, trainFile, validationFile: trainFile, seed: 1, threads: 1, ...places },
      {},
    );
    expect(provenance.base.name).toBe(base);

    const requests = asked.length;
    const directory = await resolveBaseDirectory(base, { cacheDirectory, hubUrl });
    expect(asked).toHaveLength(requests);
    for (const name of await readdir(original)) {
      expect(await readFile(path.join(directory, name))).toEqual(await readFile(path.join(original, name)));
    }
  });

  it('may come without vocab.txt, which the tokenizer does not read', async () => {
    const directory = await resolveBaseDirectory('copyloop-test/lacks-words', { cacheDirectory, hubUrl });
    expect((await readdir(directory)).toSorted()).toEqual(
      ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'].toSorted(),
    );
  });

  it('is one directory when two ask for it at once', async () => {
    const both = ['copyloop-test/tiny', 'copyloop-test/tiny'].map((base) =>
      resolveBaseDirectory(base, { cacheDirectory, hubUrl }),
    );
    const [one, other] = await Promise.all(both);
    expect(one).toBe(other);
    expect(await readdir(cacheDirectory)).toEqual(['copyloop-test--tiny']);
  });

  it.each([
    ['copyloop-test/lacks-weights', 'not-found', 'has no model.safetensors'],
    ['copyloop-test/broken', 'unavailable', 'model.safetensors of "copyloop-test/broken" cannot be fetched'],
    ['nobody/nothing', 'not-found', 'the hub has no public model "nobody/nothing"'],
  ])('leaves nothing behind where it cannot be had: %s', async (base, code, message) => {
    const fetched = resolveBaseDirectory(base, { cacheDirectory, hubUrl });
    await expect(fetched).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(await readdir(cacheDirectory)).toEqual([]);
  });

  it.each([
    ['before it answers', SILENT],
    ['in the middle of a file', STUCK],
  ])('is unavailable when the hub falls silent %s', async (_when, base) => {
    const fetched = resolveBaseDirectory(base, { cacheDirectory, hubUrl, stallTimeoutMs: 100 });
    await expect(fetched).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('it sent nothing for 0.1 s'),
    });
    expect(await readdir(cacheDirectory)).toEqual([]);
  });

  it.each([
    ['before it answers', SILENT],
    ['in the middle of a file', STUCK],
  ])('is given up when aborted while the hub is silent %s', async (_when, base) => {
    const aborter = new AbortController();
    const fetched = resolveBaseDirectory(base, { cacheDirectory, hubUrl }, aborter.signal);
    const silentAt = base === SILENT ? 'config.json' : 'model.safetensors';
    await vi.waitFor(() =>
      expect(asked.filter((url) => url.endsWith(silentAt))).toHaveLength(base === SILENT ? 1 : 2),
    );
    const reason = new Error('the server is going down');
    aborter.abort(reason);
    await expect(fetched).rejects.toBe(reason);
    expect(await readdir(cacheDirectory)).toEqual([]);
  });

  it('clears away what killed downloads left, and leaves those alone that may be going on', async () => {
    const [old, fresh] = ['copyloop-test--gone.a1b2c3d4.partial', 'copyloop-test--tiny.z9y8x7w6.partial'];
    for (const name of [old, fresh]) {
      await mkdir(path.join(cacheDirectory, name));
      await writeFile(path.join(cacheDirectory, name, 'config.json'), '{}');
    }
    const twoDaysAgo = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
    await utimes(path.join(cacheDirectory, old), twoDaysAgo, twoDaysAgo);
    await resolveBaseDirectory('copyloop-test/tiny', { cacheDirectory, hubUrl });
    expect((await readdir(cacheDirectory)).toSorted()).toEqual(['copyloop-test--tiny', fresh]);
  });

  it('is unavailable where nothing listens', async () => {
    const away = { cacheDirectory, hubUrl: 'http://127.0.0.1:9' };
    await expect(resolveBaseDirectory('copyloop-test/tiny', away)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('give a local directory'),
    });
    expect(existsSync(path.join(cacheDirectory, 'copyloop-test--tiny'))).toBe(false);
  });
});
