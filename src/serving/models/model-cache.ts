/**
 * Model directories fetched from the artifact store to this machine, below `var/serving/`: a folder per
 * process, since a version's files must stay while its threads may open them again, and nobody else can know
 * when that ends.
 */
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { randomSlug } from '../../core/ids.ts';
import { verifyModelFiles } from '../../ml/index.ts';
import { artifactKeyOf } from '../../tracking/index.ts';
import { isAbandoned, signFolder } from './folder-owner.ts';
import type { VersionRef } from './loaded-model.ts';

export interface ModelCache {
  /**
   * The version's model directory, whole and proven; a new one at each call, since a version may be loaded
   * again while it is still being unloaded.
   * @param source artifact URI of the version
   * @throws AppError `bad-model` naming what is missing or changed
   */
  fetch(ref: VersionRef, source: string): Promise<string>;
  /** Removes what `fetch` gave. */
  drop(modelDirectory: string): Promise<void>;
  close(): Promise<void>;
}

export async function openModelCache(options: {
  artifacts: ArtifactStore;
  varDir: string;
}): Promise<ModelCache> {
  const root = path.resolve(options.varDir, 'serving');
  const folder = path.join(root, randomSlug(10));
  await mkdir(folder, { recursive: true });
  const stopSigning = await signFolder(folder);
  await removeLeftovers(root, folder);

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
    close: async () => {
      stopSigning();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Folders of processes that are gone: a killed server leaves a few hundred megabytes behind. */
async function removeLeftovers(root: string, own: string): Promise<void> {
  for (const name of await readdir(root)) {
    const folder = path.join(root, name);
    if (folder !== own && (await isAbandoned(folder, own)))
      await rm(folder, { recursive: true, force: true });
  }
}
