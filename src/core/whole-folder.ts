/** Folders that appear whole or not at all: written beside their place, then renamed. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { randomSlug } from './ids.ts';

/**
 * @param write fills the folder that it is given
 * @param isThere whether another process has put a whole one there meanwhile, so that this one may go
 * @throws what `write` throws, the signal's reason, and the renaming's error where something lies at the
 *   place
 */
export async function writeWholeFolder<T>(
  directory: string,
  write: (partial: string) => Promise<T>,
  { signal, isThere }: { signal?: AbortSignal | undefined; isThere?: () => Promise<boolean> } = {},
): Promise<T> {
  const partial = `${path.resolve(directory)}.${randomSlug(8)}.partial`;
  await mkdir(partial, { recursive: true });
  try {
    const result = await write(partial);
    signal?.throwIfAborted();
    await rename(partial, directory).catch(async (thrown: unknown) => {
      if ((await isThere?.()) !== true) throw thrown;
    });
    return result;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/**
 * Removes what writers that were killed have left in a folder; another process may be at it as well, and
 * none is worth a failure.
 * @param name of the directory whose leftovers go; all when left out
 * @param olderThanMs younger ones may still be written
 */
export async function removePartialFolders(
  parent: string,
  { name, olderThanMs = 0 }: { name?: string; olderThanMs?: number } = {},
): Promise<void> {
  const entries = await readdir(parent).catch((): string[] => []);
  for (const entry of entries) {
    const [, of] = /^(.+)\.[a-z0-9]{8}\.partial$/s.exec(entry) ?? [];
    if (of === undefined || (name !== undefined && of !== name)) continue;
    const folder = path.join(parent, entry);
    const changedMs = await stat(folder).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - changedMs >= olderThanMs)
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
