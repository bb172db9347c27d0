/** Moves model directories between local folders and the artifact store. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { artifactKeyOf } from '../../tracking/index.ts';

/** Uploads every file of the directory below the artifact address `uri`. */
export async function storeModel(
  store: ArtifactStore,
  directory: string,
  uri: string,
  signal: AbortSignal,
): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    signal.throwIfAborted();
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(directory, file).split(path.sep).join('/');
    await store.putFile(artifactKeyOf(uri, name), file);
  }
}

/**
 * Copies a model directory out of the store; what lay in `directory` before is replaced. @throws AppError
 * `bad-model` when there are no files
 */
export async function fetchModel(
  store: ArtifactStore,
  uri: string,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const folder = artifactKeyOf(uri);
  await rm(directory, { recursive: true, force: true });
  const files = await store.list(folder);
  if (files.length === 0) throw new AppError('bad-model', `there are no model files at ${uri}`);
  for (const { key } of files) {
    signal.throwIfAborted();
    await store.fetchFile(key, path.join(directory, ...key.slice(folder.length + 1).split('/')));
  }
}
