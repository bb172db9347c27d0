/**
 * Artifacts of a remote MLflow server, through its artifact proxy (`mlflow server --serve-artifacts`, the
 * default). The proxy keeps no sha256, so it is noted in our own artifact store, beside which the server is
 * only the carrier: what was written from here is checked when it is read here. What other clients wrote is
 * taken as it comes.
 */
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { z } from 'zod';
import {
  compareKeys,
  parseArtifactFolder,
  parseArtifactKey,
  type ArtifactEntry,
  type ArtifactStore,
  type FolderEntry,
  type StoredArtifact,
} from '../../core/artifact-store.ts';
import { AppError, orMissing } from '../../core/errors.ts';
import { sha256File } from '../../core/ids.ts';
import { checkBytes, readAll, toByteStream, writeWhole } from '../artifacts/checked-bytes.ts';
import type { MlflowConnection } from './connection.ts';

const listing = z.object({
  files: z
    .array(
      z.object({
        path: z.string(),
        is_dir: z.boolean().default(false),
        file_size: z.union([z.number(), z.string()]).default(0).transform(Number),
      }),
    )
    .default([]),
});

/** Folder in our own store: the sha256 of each artifact under the artifact's key. */
const DIGESTS = 'mlflow-sha256';

/** @param ours where the sha256 of what is written here is noted */
export function createProxyStore(connection: MlflowConnection, ours: ArtifactStore): ArtifactStore {
  const digestOf = (key: string): string => `${DIGESTS}/${key}`;
  const pathOf = (key: string): string =>
    `artifacts/${parseProxyKey(key).split('/').map(encodeURIComponent).join('/')}`;

  const putFile = async (key: string, file: string): Promise<StoredArtifact> => {
    const where = pathOf(key);
    const body = await openAsBlob(file);
    const sha256 = await sha256File(file);
    await connection.transfer({ method: 'PUT', path: where, body });
    await ours.put(digestOf(key), sha256);
    return { sha256, sizeBytes: body.size };
  };

  const listFolder = async (prefix: string): Promise<FolderEntry[]> => {
    const folder = parseArtifactFolder(prefix);
    if (folder !== '') parseProxyKey(folder);
    const response = await connection.transfer({
      method: 'GET',
      path: 'artifacts',
      query: folder === '' ? {} : { path: folder },
    });
    const { files } = listing.parse(await response.json());
    return files
      .map(({ path: name, is_dir: isFolder, file_size }) => ({
        key: folder === '' ? name : `${folder}/${name}`,
        isFolder,
        sizeBytes: isFolder ? 0 : file_size,
      }))
      .toSorted(compareKeys);
  };

  const list = async (prefix: string): Promise<ArtifactEntry[]> => {
    const found: ArtifactEntry[] = [];
    for (const { key, sizeBytes, isFolder } of await listFolder(prefix)) {
      if (isFolder) found.push(...(await list(key)));
      else found.push({ key, sizeBytes });
    }
    return found.toSorted(compareKeys);
  };

  /**
   * By the listing of its folder: the server answers a question for a folder's bytes with an error of its
   * own.
   */
  const sizeOf = async (key: string): Promise<number | undefined> => {
    const folder = path.posix.dirname(parseProxyKey(key));
    const entries = await listFolder(folder === '.' ? '' : folder);
    return entries.find((entry) => entry.key === key && !entry.isFolder)?.sizeBytes;
  };

  const get = async (key: string): Promise<Readable> => {
    const where = pathOf(key);
    if ((await sizeOf(key)) === undefined) throw new AppError('not-found', `there is no artifact ${key}`);
    const response = await connection.transfer({ method: 'GET', path: where });
    const bytes = Readable.fromWeb(response.body as NodeReadableStream<Uint8Array>);
    const digest = digestOf(key);
    const noted = (await ours.exists(digest)) ? await ours.readText(digest) : undefined;
    return checkBytes(bytes, key, (sha256) => noted === undefined || noted === sha256);
  };

  const remove = async (key: string): Promise<void> => {
    const where = pathOf(key);
    await orMissing(connection.transfer({ method: 'DELETE', path: where }));
  };

  return {
    putFile,
    put: async (key, body) => {
      pathOf(key);
      // A body that breaks off must not reach the server, which would keep the part that came.
      const folder = await mkdtemp(path.join(tmpdir(), 'copyloop-upload-'));
      try {
        const file = path.join(folder, 'body');
        await writeWhole(toByteStream(body), file);
        return await putFile(key, file);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    get,
    readText: async (key) => (await readAll(await get(key))).toString('utf8'),
    fetchFile: async (key, file) => await writeWhole(await get(key), file),
    list,
    listFolder,
    sizeOf,
    exists: async (key) => (await sizeOf(key)) !== undefined,
    delete: async (key) => {
      if ((await sizeOf(key)) === undefined) return;
      await remove(key);
      await ours.delete(digestOf(key));
    },
    deletePrefix: async (prefix) => {
      const folder = parseArtifactKey(prefix.replace(/\/$/, ''));
      if ((await listFolder(folder)).length > 0) await remove(folder);
      await ours.deletePrefix(digestOf(folder));
    },
  };
}

/**
 * MLflow's server decodes a name that it was given until nothing is left to decode, so that two such names
 * would be one.
 */
function parseProxyKey(key: string): string {
  parseArtifactKey(key);
  if (/%[0-9a-f]{2}/i.test(key))
    throw new AppError(
      'invalid-input',
      `Invalid path ${JSON.stringify(key.slice(0, 200))}: an MLflow server cannot keep a name with a percent-encoded character`,
    );
  return key;
}
