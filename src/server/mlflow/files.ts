/** Listings of artifacts as MLflow shows them: paths relative to a root, sizes for files only. */
import type { FolderEntry } from '../../core/artifact-store.ts';
import type { MlflowFileInfo } from '../../mlflow/messages.ts';
import { unlessEmpty } from './wire.ts';

export function renderFiles(
  entries: readonly FolderEntry[],
  root: string,
): readonly MlflowFileInfo[] | undefined {
  return unlessEmpty(
    entries.map(({ key, isFolder, sizeBytes }) => ({
      path: key.slice(root.length + 1),
      is_dir: isFolder,
      file_size: isFolder ? undefined : sizeBytes,
    })),
  );
}
