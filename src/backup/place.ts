/**
 * Where backups lie: a folder or `s3://bucket/prefix`, as an artifact store of its own. `chunks/` holds
 * content, each piece once however many backups name it; `backups/<id>` says what one backup consists of and
 * is written last.
 */
import path from 'node:path';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Config } from '../core/config/index.ts';
import { AppError } from '../core/errors.ts';
import { findFaultOfFolder } from '../core/var-dir.ts';
import { createFolderStore, openBucket } from '../tracking/index.ts';

export const CHUNKS_FOLDER = 'chunks';
export const BACKUPS_FOLDER = 'backups';

/**
 * @param storage an S3 address is opened with the region, endpoint and credentials of `storage.artifacts`
 * @throws AppError `invalid-input` for an address of another kind
 */
export function openBackupPlace(address: string, storage: Config['storage']): ArtifactStore {
  if (isFolder(address)) return createFolderStore(path.resolve(address));
  const bucket = openBucket(address, storage);
  if (bucket !== undefined) return bucket;
  throw new AppError(
    'invalid-input',
    `backups cannot be kept at ${address}: name a folder or s3://bucket/prefix`,
  );
}

/** Makes the folder where there is none. @throws AppError `invalid-input` for one that cannot be written */
export async function prepareBackupFolder(address: string): Promise<void> {
  const fault = isFolder(address) ? await findFaultOfFolder(address) : undefined;
  if (fault !== undefined)
    throw new AppError('invalid-input', `backups cannot be kept at ${address}: ${fault}`);
}

const isFolder = (address: string): boolean => !/^[a-z][a-z0-9+.-]+:\/\//i.test(address);
