/**
 * Artifacts in a folder. `files/` holds them under their keys, `incoming/` drafts, `digests/` for each key
 * the sha256 of every content it ever had, one a line. A draft is written and synced, its digest noted, then
 * renamed into place: the rename alone is the commit, so a crash or two writers at once can neither show half
 * a file nor make a whole one look damaged.
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  type FileHandle,
} from 'node:fs/promises';
import path from 'node:path';
import {
  compareKeys,
  parseArtifactFolder,
  parseArtifactKey,
  type ArtifactEntry,
  type ArtifactStore,
  type FolderEntry,
  type StoredArtifact,
} from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { randomSlug } from '../../core/ids.ts';
import { explainFullDisk } from '../../core/var-dir.ts';
import { checkBytes, readAll, toByteStream, writeWhole } from './checked-bytes.ts';

export function createFolderStore(root: string): ArtifactStore {
  const files = path.resolve(root, 'files');
  const digests = path.resolve(root, 'digests');
  const incoming = path.resolve(root, 'incoming');

  const put = async (key: string, body: AsyncIterable<Uint8Array>): Promise<StoredArtifact> => {
    parseArtifactKey(key);
    const draft = path.join(incoming, `${process.pid}-${randomSlug(12)}`);
    try {
      await Promise.all([files, digests, incoming].map((folder) => mkdir(folder, { recursive: true })));
      const stored = await writeDraft(draft, body);
      const target = await prepareTarget(files, key);
      await noteDigest(await prepareTarget(digests, key), stored.sha256);
      await rename(draft, target);
      await syncFolder(path.dirname(target));
      return stored;
    } catch (error) {
      await rm(draft, { force: true });
      throw explainFullDisk(error, path.resolve(root)) ?? explainClash(error, key);
    }
  };

  const openChecked = async (key: string) => {
    const handle = await openFile(files, parseArtifactKey(key));
    try {
      // Read after the data was opened: whoever replaces it notes its digest first, so the list can only know
      // more.
      const known = new Set((await readFile(path.join(digests, key), 'utf8').catch(() => '')).split('\n'));
      return checkBytes(handle.createReadStream(), key, (sha256) => known.has(sha256));
    } catch (error) {
      await handle.close();
      throw error;
    }
  };

  const sizeOf = async (key: string): Promise<number | undefined> => {
    const target = await resolveInside(files, parseArtifactKey(key));
    const stats = await lstatOrNone(target);
    return stats?.isFile() === true ? stats.size : undefined;
  };

  const listFolder = async (prefix: string): Promise<FolderEntry[]> => {
    const folder = parseArtifactFolder(prefix);
    const absolute = await resolveInside(files, folder);
    const names = await readdir(absolute, { withFileTypes: true }).catch(emptyIfMissing);
    const entries = names
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map(async (entry) => ({
        key: folder === '' ? entry.name : `${folder}/${entry.name}`,
        isFolder: entry.isDirectory(),
        sizeBytes: entry.isFile() ? ((await lstatOrNone(path.join(absolute, entry.name)))?.size ?? 0) : 0,
      }));
    return (await Promise.all(entries)).toSorted(compareKeys);
  };

  const list = async (prefix: string): Promise<ArtifactEntry[]> => {
    const found: ArtifactEntry[] = [];
    for (const { key, sizeBytes, isFolder } of await listFolder(prefix)) {
      if (isFolder) found.push(...(await list(key)));
      else found.push({ key, sizeBytes });
    }
    return found.toSorted(compareKeys);
  };

  return {
    put: (key, body) => put(key, toByteStream(body)),
    putFile: (key, file) => put(key, createReadStream(file)),
    get: openChecked,
    readText: async (key) => (await readAll(await openChecked(key))).toString('utf8'),
    fetchFile: async (key, file) => await writeWhole(await openChecked(key), file),
    list,
    listFolder,
    sizeOf,
    exists: async (key) => (await sizeOf(key)) !== undefined,
    delete: async (key) => {
      parseArtifactKey(key);
      for (const tree of [files, digests]) {
        const target = await resolveInside(tree, key);
        if ((await lstatOrNone(target))?.isFile() !== true) continue;
        await rm(target, { force: true });
        await removeEmptyFolders(tree, path.dirname(target));
      }
    },
    deletePrefix: async (prefix) => {
      const folder = parseArtifactKey(prefix.replace(/\/$/, ''));
      for (const tree of [files, digests]) {
        const target = await resolveInside(tree, folder);
        if ((await lstatOrNone(target))?.isDirectory() !== true) continue;
        await rm(target, { recursive: true, force: true });
        await removeEmptyFolders(tree, path.dirname(target));
      }
    },
  };
}

async function writeDraft(draft: string, body: AsyncIterable<Uint8Array>): Promise<StoredArtifact> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const handle = await open(draft, 'wx');
  try {
    for await (const chunk of body) {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
      for (let offset = 0; offset < chunk.byteLength;)
        offset += (await handle.write(chunk, offset, chunk.byteLength - offset)).bytesWritten;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

async function noteDigest(file: string, sha256: string): Promise<void> {
  const handle = await open(
    file,
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
  );
  try {
    if ((await handle.readFile('utf8')).split('\n').includes(sha256)) return;
    await handle.write(`${sha256}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Path of the key below `base`, with its folder made. */
async function prepareTarget(base: string, key: string): Promise<string> {
  // Before making folders too: mkdir would follow a symlink out of the root.
  const target = await resolveInside(base, key);
  await mkdir(path.dirname(target), { recursive: true });
  if ((await lstatOrNone(target))?.isDirectory() === true)
    throw new AppError('conflict', `artifact ${key} cannot be written: a folder of that name exists`);
  return target;
}

/** Refuses a path on which any name is a symbolic link: what lies behind it is outside. */
async function resolveInside(base: string, relative: string): Promise<string> {
  const realBase = await realpath(base).catch(() => base);
  let current = realBase;
  for (const name of relative === '' ? [] : relative.split('/')) {
    current = path.join(current, name);
    const stats = await lstatOrNone(current);
    if (stats === undefined) break;
    if (stats.isSymbolicLink())
      throw new AppError(
        'forbidden',
        `artifact path ${relative} leads through a symbolic link, which is refused`,
      );
  }
  return path.join(realBase, relative);
}

async function openFile(base: string, key: string): Promise<FileHandle> {
  const target = await resolveInside(base, key);
  const handle = await open(target, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: unknown) => {
    throw isMissing(error) ? missing(key) : error;
  });
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw missing(key);
}

async function removeEmptyFolders(base: string, folder: string): Promise<void> {
  const realBase = await realpath(base);
  for (let current = folder; current.startsWith(realBase + path.sep); current = path.dirname(current)) {
    try {
      await rmdir(current);
    } catch {
      // Not empty, or another process was quicker: both mean that nothing is left to do.
      return;
    }
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function lstatOrNone(target: string) {
  return await lstat(target).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

function emptyIfMissing(error: unknown): [] {
  if (isMissing(error)) return [];
  throw error;
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function missing(key: string): AppError {
  return new AppError('not-found', `there is no artifact ${key}`);
}

/** A file where a folder is needed, or the other way round. */
function explainClash(error: unknown, key: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (!['EEXIST', 'ENOTDIR', 'EISDIR'].includes(code ?? '')) return error;
  return new AppError('conflict', `artifact ${key} cannot be written: a name on its path is a file already`, {
    cause: error,
  });
}
