/**
 * The console: the files that `npm run build` lays in dist/console, held in memory and sent compressed. Where
 * it was not built, `/` leads to the API page.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { constants, brotliCompressSync, gzipSync } from 'node:zlib';
import type { Context } from 'hono';
import { packageRoot } from '../../core/paths.ts';
import { createRouter, type AppEnv, type Router } from '../http/index.ts';

const FOLDER = path.join(packageRoot, 'dist', 'console');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Names below assets/ hold a hash of their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

const CONTENT_POLICY =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

type Encoding = 'br' | 'gzip';

interface File {
  body: Buffer<ArrayBuffer>;
  type: string;
  etag: string;
  caching: string;
  /** Made when it is first asked for. */
  compressed: Map<Encoding, Buffer<ArrayBuffer>>;
}

/** @param folder holds index.html and what it names */
export function createConsoleRoutes(folder = FOLDER): Router {
  const router = createRouter();
  const files = readFiles(folder);
  const index = files.get('index.html');
  if (index === undefined) {
    router.get('/', (c) => c.redirect('docs'));
    return router;
  }
  router.get('/', (c) => send(c, index));
  for (const [name, file] of files) {
    if (name !== 'index.html') router.get(`/${name}`, (c) => send(c, file));
  }
  return router;
}

function readFiles(folder: string): Map<string, File> {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const files = new Map<string, File>();
  for (const name of names.map((entry) => entry.replaceAll(path.sep, '/'))) {
    const type = TYPES[path.extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(path.join(folder, name));
    files.set(name, {
      body,
      type,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`,
      caching: name.startsWith('assets/') ? FOR_EVER : 'no-cache',
      compressed: new Map(),
    });
  }
  return files;
}

function send(c: Context<AppEnv>, file: File): Response {
  const encoding = chooseEncoding(c.req.header('accept-encoding') ?? '');
  const headers: Record<string, string> = {
    'Content-Type': file.type,
    'Cache-Control': file.caching,
    'Content-Security-Policy': CONTENT_POLICY,
    ETag: file.etag,
    Vary: 'Accept-Encoding',
  };
  if (c.req.header('if-none-match') === file.etag) return c.body(null, 304, headers);
  if (encoding === undefined) return c.body(file.body, 200, headers);
  return c.body(compress(file, encoding), 200, { ...headers, 'Content-Encoding': encoding });
}

/** Without weighing q-values: whoever names an encoding can read it, unless it is named to be refused. */
function chooseEncoding(accepted: string): Encoding | undefined {
  const named = accepted.split(',').map((part) => part.trim());
  const takes = (name: Encoding): boolean =>
    named.some((part) => part.split(';')[0]?.trim() === name && !/;\s*q=0(\.0*)?$/.test(part));
  return takes('br') ? 'br' : takes('gzip') ? 'gzip' : undefined;
}

function compress(file: File, encoding: Encoding): Buffer<ArrayBuffer> {
  let body = file.compressed.get(encoding);
  if (body === undefined) {
    body =
      encoding === 'br'
        ? brotliCompressSync(file.body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } })
        : gzipSync(file.body, { level: 9 });
    file.compressed.set(encoding, body);
  }
  return body;
}
