/**
 * The compressed size of what each page of the console loads: scripts and styles as the server sends them, by
 * Brotli at its best. The first page, with all that every page shares, must stay below 100 kB; of every other
 * page what it loads beyond that is shown, and must stay below the same.
 *
 * Then, on an installation of a million predictions (fewer by `--predictions N`):
 *
 *   --load   how long each page waits for its data beside a serving load: at most 200 ms at the 95th
 *            percentile of `--turns N`
 *   --paint  when each page's first content is painted in Chromium: within 1 s
 *   --live   whether DOM nodes and the heap of open pages stay constant over 10 minutes of events, or as many
 *            as `--minutes N` says
 *   --idle   what an open page costs while nothing happens: at most 2 % of a core
 */
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { packageRoot } from '../src/core/paths.ts';
import { withInstallation, type Installation } from './console/installation.ts';
import { measurePages } from './console/load.ts';
import { measureIdle, measureLive, measurePaint } from './console/paint.ts';
import { readOptions } from './read-options.ts';

const options = readOptions(import.meta.url, {
  load: { type: 'boolean', default: false },
  paint: { type: 'boolean', default: false },
  live: { type: 'boolean', default: false },
  idle: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '10' },
  predictions: { type: 'string', default: '1000000' },
  turns: { type: 'string', default: '20' },
});

const LIMIT_BYTES = 100_000;
const FIRST = 'home';

const built = await build({
  configFile: path.join(packageRoot, 'src/console/vite.config.ts'),
  logLevel: 'error',
  // The server hands out what lies in dist/console.
  build: { write: options.paint || options.live || options.idle },
});
const { output } = (Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput;
const chunks = new Map(output.flatMap((part) => (part.type === 'chunk' ? [[part.fileName, part]] : [])));
const sizes = new Map(
  output.map((part) => [
    part.fileName,
    brotliCompressSync(part.type === 'chunk' ? part.code : part.source).length,
  ]),
);

/** The files that must be there before the chunk can run, itself among them. */
function filesOf(chunk: Rolldown.OutputChunk, files = new Set<string>()): Set<string> {
  if (files.has(chunk.fileName)) return files;
  files.add(chunk.fileName);
  for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css);
  for (const name of chunk.imports) {
    const imported = chunks.get(name);
    if (imported !== undefined) filesOf(imported, files);
  }
  return files;
}

const entry = [...chunks.values()].find(({ isEntry }) => isEntry);
if (entry === undefined) throw new Error('the build has no entry');
const shared = filesOf(entry);
const sum = (files: Iterable<string>): number =>
  [...files].reduce((bytes, name) => bytes + (sizes.get(name) ?? 0), 0);

const pages = [...chunks.values()].flatMap((chunk) => {
  const name = /src\/console\/pages\/([\w-]+)\/\1\.tsx$/.exec(chunk.facadeModuleId ?? '')?.[1];
  return name === undefined
    ? []
    : [{ name, bytes: sum([...filesOf(chunk)].filter((file) => !shared.has(file))) }];
});
const first = sum(shared) + (pages.find(({ name }) => name === FIRST)?.bytes ?? 0);
const show = (name: string, bytes: number): void =>
  console.info(`${name.padEnd(16)} ${(bytes / 1000).toFixed(1).padStart(7)} kB`);

show('the first page', first);
for (const { name, bytes } of pages.toSorted((a, b) => b.bytes - a.bytes))
  if (name !== FIRST) show(name, bytes);
const over = [{ name: 'the first page', bytes: first }, ...pages].filter(({ bytes }) => bytes > LIMIT_BYTES);
for (const { name, bytes } of over) console.error(`${name}: ${bytes} bytes are more than ${LIMIT_BYTES}`);
const measures = [
  options.load && ((on: Installation) => measurePages(on, Number(options.turns))),
  options.paint && measurePaint,
  options.idle && measureIdle,
  options.live && ((on: Installation) => measureLive(on, Number(options.minutes))),
].filter((measure) => measure !== false);
const isKept =
  measures.length === 0 ||
  (await withInstallation(Number(options.predictions), async (installation) => {
    let isEach = true;
    for (const measure of measures) isEach = (await measure(installation)) && isEach;
    return isEach;
  }));
process.exitCode = over.length === 0 && isKept ? 0 : 1;
