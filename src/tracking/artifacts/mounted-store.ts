/**
 * One artifact store over two: everything below `folder` lies in `mounted`, under keys without that folder;
 * the rest in `base`.
 */
import { parseArtifactFolder, parseArtifactKey, type ArtifactStore } from '../../core/artifact-store.ts';

export function createMountedStore(
  base: ArtifactStore,
  folder: string,
  mounted: ArtifactStore,
): ArtifactStore {
  const inside = (key: string): string | undefined =>
    key === folder ? '' : key.startsWith(`${folder}/`) ? key.slice(folder.length + 1) : undefined;
  const pick = (key: string): [ArtifactStore, string] => {
    const rest = inside(parseArtifactKey(key));
    return rest === undefined || rest === '' ? [base, key] : [mounted, rest];
  };
  const outward = <T extends { key: string }>(entry: T): T => ({ ...entry, key: `${folder}/${entry.key}` });

  return {
    put: async (key, body) => {
      const [store, own] = pick(key);
      return await store.put(own, body);
    },
    putFile: async (key, file) => {
      const [store, own] = pick(key);
      return await store.putFile(own, file);
    },
    get: async (key) => {
      const [store, own] = pick(key);
      return await store.get(own);
    },
    readText: async (key) => {
      const [store, own] = pick(key);
      return await store.readText(own);
    },
    fetchFile: async (key, file) => {
      const [store, own] = pick(key);
      await store.fetchFile(own, file);
    },
    /**
     * The whole of `base` does not count what is mounted: nobody lists a remote server to count our files.
     */
    list: async (prefix) => {
      const rest = inside(parseArtifactFolder(prefix));
      return rest === undefined ? await base.list(prefix) : (await mounted.list(rest)).map(outward);
    },
    listFolder: async (prefix) => {
      const rest = inside(parseArtifactFolder(prefix));
      return rest === undefined
        ? await base.listFolder(prefix)
        : (await mounted.listFolder(rest)).map(outward);
    },
    sizeOf: async (key) => {
      const [store, own] = pick(key);
      return await store.sizeOf(own);
    },
    exists: async (key) => {
      const [store, own] = pick(key);
      return await store.exists(own);
    },
    delete: async (key) => {
      const [store, own] = pick(key);
      await store.delete(own);
    },
    deletePrefix: async (prefix) => {
      const [store, own] = pick(prefix.replace(/\/$/, ''));
      await store.deletePrefix(own);
    },
  };
}
