/**
 * Containers that are read from their end: bytes are put down in a temporary file first, which goes when its
 * rows have been read.
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { AppError, toError } from '../../core/errors.ts';

const MAX_ENTRIES = 10_000;
const MAX_UNPACKED_RATIO = 500;
const UNPACKED_FREE_BYTES = 64 << 20;

export interface SpooledFile {
  path: string;
  close(): Promise<void>;
}

export async function spool(chunks: AsyncIterable<Buffer>): Promise<SpooledFile> {
  const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-source-'));
  const file = path.join(folder, 'bytes');
  try {
    await pipeline(Readable.from(chunks), createWriteStream(file));
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw thrown;
  }
  return { path: file, close: () => rm(folder, { recursive: true, force: true }) };
}

export interface ZipArchive {
  /** Names of the files in it that may be tables. */
  names: readonly string[];
  /** Of all its files, in their order. */
  allNames: readonly string[];
  /** The bytes of a file. */
  open(name: string): Promise<AsyncIterable<Buffer>>;
  close(): Promise<void>;
}

/**
 * Nothing of an archive is ever written to a path that it names. @throws AppError `bad-data` for one that is
 * damaged or a bomb
 */
export async function openZip(chunks: AsyncIterable<Buffer>, name: string): Promise<ZipArchive> {
  const file = await spool(chunks);
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(file.path, { lazyEntries: true, autoClose: false });
    const entries = await listEntries(zip, name);
    const opened = zip;
    return {
      names: [...entries.keys()].filter((name) => !/(?:^|\/)(?:__MACOSX\/|\.)/u.test(name)),
      allNames: [...entries.keys()],
      open: async (wanted) => {
        const entry = entries.get(wanted);
        if (entry === undefined) throw new AppError('bad-data', `${name} holds no ${wanted}`);
        return readEntry(opened, entry, name);
      },
      close: async () => {
        opened.close();
        await file.close();
      },
    };
  } catch (thrown) {
    zip?.close();
    await file.close();
    throw thrown instanceof AppError ? thrown : damaged(name, thrown);
  }
}

async function listEntries(zip: ZipFile, name: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject);
    zip.on('end', () => resolve());
    zip.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
      if (entries.size > MAX_ENTRIES) {
        reject(new AppError('bad-data', `${name} holds more than ${MAX_ENTRIES} files`));
        return;
      }
      zip.readEntry();
    });
    zip.readEntry();
  });
  return entries;
}

async function* readEntry(zip: ZipFile, entry: Entry, name: string): AsyncGenerator<Buffer> {
  if (entry.isEncrypted())
    throw new AppError('bad-data', `${name}: ${entry.fileName} is encrypted: unpack it first`);
  const { compressedSize, uncompressedSize } = entry;
  if (uncompressedSize > UNPACKED_FREE_BYTES && uncompressedSize > compressedSize * MAX_UNPACKED_RATIO) {
    throw new AppError(
      'bad-data',
      `${name}: ${entry.fileName} unpacks to more than ${MAX_UNPACKED_RATIO} times its size: it is refused as a bomb`,
    );
  }
  try {
    // The library ends a stream that holds more than its entry says.
    yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>;
  } catch (thrown) {
    throw damaged(name, thrown);
  }
}

function damaged(name: string, thrown: unknown): AppError {
  const { message } = toError(thrown);
  const isAstray = /\bpath\b|invalid characters/u.test(message);
  const what = isAstray
    ? 'it names a file outside itself; pack the table alone'
    : 'it is damaged or cut short; fetch or export it once more';
  return new AppError('bad-data', `${name} is no readable zip archive (${message}): ${what}`);
}
