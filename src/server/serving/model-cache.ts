/**
 * Model directories fetched from the artifact store to this machine, below `var/serving/`: a folder per process, since a version's files must stay
 * while its threads may open them again, and nobody else can know when that ends.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { randomSlug } from '../../core/ids.ts';
import { verifyModelFiles } from '../../ml/index.ts';
import { artifactKeyOf } from '../../tracking/index.ts';
import type { VersionRef } from './loaded-model.ts';

export interface ModelCache {
  /**
   * The version's model directory, whole and proven; a new one at each call, since a version may be loaded again while it is still being unloaded.
   * @param source artifact URI of the version
   * @throws AppError `bad-model` naming what is missing or changed
   */
  fetch(ref: VersionRef, source: string): Promise<string>;
  /** Removes what `fetch` gave. */
  drop(modelDirectory: string): Promise<void>;
  close(): Promise<void>;
}

const OWNER_FILE = 'owner.pid';

export async function openModelCache(options: {
  artifacts: ArtifactStore;
  varDir: string;
}): Promise<ModelCache> {
  const root = path.resolve(options.varDir, 'serving');
  await removeLeftovers(root);
  const folder = path.join(root, randomSlug(10));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, OWNER_FILE), String(process.pid));

  return {
    fetch: async (ref, source) => {
      const target = path.join(folder, `${ref.name}-${ref.version}-${randomSlug(6)}`);
      const prefix = artifactKeyOf(source);
      const entries = await options.artifacts.list(prefix);
      if (entries.length === 0) {
        throw new AppError('bad-model', `version ${ref.version} of ${ref.name} has no files at ${source}`);
      }
      try {
        for (const { key } of entries) {
          await options.artifacts.fetchFile(key, path.join(target, key.slice(prefix.length + 1)));
        }
        await verifyModelFiles(target);
        return target;
      } catch (thrown) {
        await rm(target, { recursive: true, force: true });
        throw thrown;
      }
    },
    drop: (modelDirectory) => rm(modelDirectory, { recursive: true, force: true }),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Folders of processes that are gone: a killed server leaves a few hundred megabytes behind. */
async function removeLeftovers(root: string): Promise<void> {
  const names = await readdir(root).catch(() => []);
  for (const name of names) {
    const owner = await readFile(path.join(root, name, OWNER_FILE), 'utf8').catch(() => '');
    if (!isAlive(Number(owner))) await rm(path.join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it is there and someone else's.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
