/**
 * The newest checkpoint of a training, copied to the artifact store, so that a worker on another machine goes
 * on where a lost one stopped. Copies are no oftener than the interval, and each file appears there whole or
 * not at all.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError, toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';

/** Folder of the store; below it one per run. */
export const CHECKPOINTS_FOLDER = 'checkpoints';

export function checkpointFolder(runId: string, candidate: string): string {
  return `${CHECKPOINTS_FOLDER}/${runId}/${candidate}`;
}

interface SharedCheckpoint {
  artifacts: ArtifactStore;
  /** Of the store. */
  folder: string;
  /** Where the training keeps its checkpoints. */
  directory: string;
  /** 0: neither brought nor copied. */
  everyMs: number;
  signal: AbortSignal;
  log: Logger;
}

/**
 * Trains from the checkpoint that another machine left, unless this one has its own, and copies its
 * checkpoints while it trains. One that cannot be gone on from here, damaged or of another thread count, is
 * dropped: the training then starts afresh. The copy stays: whoever has stored the model deletes it.
 */
export async function withSharedCheckpoint<T>(
  train: () => Promise<T>,
  options: SharedCheckpoint,
): Promise<T> {
  const { artifacts, folder, directory, everyMs, signal, log } = options;
  if (everyMs > 0 && (await fetchCheckpoint(options)))
    log.info({ folder }, 'the training goes on from the checkpoint of another machine');
  const copies = everyMs > 0 ? openCopies(options) : NO_COPIES;
  try {
    return await train();
  } catch (thrown) {
    if (!signal.aborted && thrown instanceof AppError && thrown.code === 'conflict') {
      log.warn({ err: thrown, folder }, 'the checkpoint cannot be gone on from; training starts afresh');
      await rm(directory, { recursive: true, force: true });
      await artifacts.deletePrefix(folder);
      return await train();
    }
    // A worker that must go hands the newest on; whoever runs this next may be elsewhere.
    if (signal.aborted) await copies.copy();
    throw thrown;
  } finally {
    await copies.close();
  }
}

async function fetchCheckpoint({ artifacts, folder, directory }: SharedCheckpoint): Promise<boolean> {
  if ((await listFiles(directory)).length > 0) return false;
  const stored = await artifacts.list(folder);
  for (const { key } of stored) {
    await artifacts.fetchFile(key, path.join(directory, ...key.slice(folder.length + 1).split('/')));
  }
  return stored.length > 0;
}

interface Copies {
  /** Copies what is newer than the last copy; a failure is logged: the training itself needs none of this. */
  copy(): Promise<void>;
  close(): Promise<void>;
}

const NO_COPIES: Copies = { copy: () => Promise.resolve(), close: () => Promise.resolve() };

function openCopies({ artifacts, folder, directory, everyMs, log }: SharedCheckpoint): Copies {
  const copiedMs = new Map<string, number>();
  let copying: Promise<void> | undefined;
  const copyNewer = async (): Promise<void> => {
    try {
      for (const { name, changedMs } of await listFiles(directory)) {
        if (copiedMs.get(name) === changedMs) continue;
        await artifacts.putFile(`${folder}/${name}`, path.join(directory, name));
        copiedMs.set(name, changedMs);
      }
    } catch (thrown) {
      log.warn({ err: toError(thrown), folder }, 'the checkpoint could not be copied; it is tried again');
    }
  };
  const copy = async (): Promise<void> => {
    copying ??= copyNewer().finally(() => {
      copying = undefined;
    });
    await copying;
  };
  const timer = setInterval(() => void copy(), everyMs);
  timer.unref();
  return {
    copy,
    close: async () => {
      clearInterval(timer);
      await copying;
    },
  };
}

/**
 * Whole files by their paths below the directory, with the time of their last change; none when there is no
 * such directory.
 */
async function listFiles(directory: string): Promise<{ name: string; changedMs: number }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const files: { name: string; changedMs: number }[] = [];
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.endsWith('.tmp')) continue;
    const file = path.join(entry.parentPath, entry.name);
    const { mtimeMs } = await stat(file);
    files.push({ name: path.relative(directory, file).split(path.sep).join('/'), changedMs: mtimeMs });
  }
  return files;
}
