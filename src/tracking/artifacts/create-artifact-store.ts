import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, assertNever } from '../../core/errors.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Store, readObject } from './s3-store.ts';

/**
 * The store that `storage.artifacts` names: `<varDir>/artifacts` or a bucket. Opens nothing before it is
 * used.
 */
export function createArtifactStore(storage: Config['storage']): ArtifactStore {
  const { kind, bucket, prefix } = storage.artifacts;
  switch (kind) {
    case 'folder':
      return createFolderStore(path.join(storage.varDir, 'artifacts'));
    case 's3': {
      if (bucket === null)
        throw new AppError(
          'invalid-config',
          'storage.artifacts.bucket is not set: name the bucket, or set kind to folder',
        );
      return createS3Store({ client: createS3Client(storage.artifacts), bucket, prefix });
    }
    default:
      return assertNever(kind);
  }
}

/**
 * The bucket of `s3://bucket/prefix`, opened with region, endpoint and credentials of `storage.artifacts`.
 * @returns undefined for an address of another kind
 */
export function openBucket(address: string, storage: Config['storage']): ArtifactStore | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/isu.exec(address) ?? [];
  if (bucket === undefined) return undefined;
  return createArtifactStore({ ...storage, artifacts: { ...storage.artifacts, kind: 's3', bucket, prefix } });
}

/**
 * One object of anybody's bucket, `s3://bucket/key`, asked for with region, endpoint and credentials of
 * `storage.artifacts`.
 * @throws AppError `not-found`, `forbidden` or `unavailable`
 */
export async function getObject(
  address: string,
  storage: Config['storage'],
): Promise<AsyncIterable<Uint8Array>> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/isu.exec(address) ?? [];
  if (bucket === undefined || key === undefined)
    throw new AppError(
      'invalid-input',
      `${address} is not the address of an object: s3://bucket/key is needed`,
    );
  return await readObject(createS3Client(storage.artifacts), { bucket, key });
}

function createS3Client(settings: Config['storage']['artifacts']): S3Client {
  const { region, endpoint, forcePathStyle, accessKeyId, secretAccessKey } = settings;
  const credentials =
    accessKeyId === null || secretAccessKey === null ? undefined : { accessKeyId, secretAccessKey };
  return new S3Client({ region, endpoint: endpoint ?? undefined, forcePathStyle, credentials });
}
