import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConsoleRoutes } from '../../../src/server/routes/console.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'copyloop-console-'));
  mkdirSync(path.join(folder, 'assets'));
  writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>console</title>');
  writeFileSync(path.join(folder, 'assets', 'main-1a2b.js'), 'document.title;'.repeat(100));
  writeFileSync(path.join(folder, 'notes.txt'), 'not for the web');
});

afterAll(() => rmSync(folder, { recursive: true }));

const ask = async (at: string, headers: Record<string, string> = {}): Promise<Response> =>
  await createConsoleRoutes(folder).request(at, { headers });

describe('the console', () => {
  it('is the page at /, asked for anew each time and without inline scripts or styles', async () => {
    const page = await ask('/');
    expect(await page.text()).toContain('<title>console</title>');
    expect(page.headers.get('cache-control')).toBe('no-cache');
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe-inline');
  });

  it('keeps files with a hash in their name in caches for ever', async () => {
    const script = await ask('/assets/main-1a2b.js');
    expect(script.headers.get('content-type')).toContain('text/javascript');
    expect(script.headers.get('cache-control')).toContain('immutable');
  });

  it('answers a known ETag with 304 and no body', async () => {
    const etag = (await ask('/')).headers.get('etag') ?? '';
    const again = await ask('/', { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('sends the compression that the browser names, and none that it refuses', async () => {
    const read = async (accepted: string): Promise<[string | null, Buffer]> => {
      const answer = await ask('/assets/main-1a2b.js', { 'accept-encoding': accepted });
      return [answer.headers.get('content-encoding'), Buffer.from(await answer.arrayBuffer())];
    };
    const [br, brotli] = await read('gzip, deflate, br');
    const [gzip, zipped] = await read('gzip, br;q=0');
    const [none, plain] = await read('identity');
    expect([br, gzip, none]).toEqual(['br', 'gzip', null]);
    expect(brotliDecompressSync(brotli)).toEqual(plain);
    expect(gunzipSync(zipped)).toEqual(plain);
  });

  it('serves nothing of another type than the page needs, and nothing outside its folder', async () => {
    expect((await ask('/notes.txt')).status).toBe(404);
    expect((await ask('/assets/..%2f..%2fpackage.json')).status).toBe(404);
  });

  it('leads to the API page where it was not built', async () => {
    const answer = await createConsoleRoutes(path.join(folder, 'none')).request('/');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, 'docs']);
  });
});
