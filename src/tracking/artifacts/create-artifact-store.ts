import path from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, assertNever } from '../../core/errors.ts';
import { createFolderStore } from './folder-store.ts';
import { createS3Store } from './s3-store.ts';

/**
 * The store that `storage.artifacts` names: `<varDir>/artifacts` or a bucket. Opens nothing before it is
 * used.
 */
export function createArtifactStore(storage: Config['storage']): ArtifactStore {
  const { kind, bucket, prefix, region, endpoint, forcePathStyle, accessKeyId, secretAccessKey } =
    storage.artifacts;
  switch (kind) {
    case 'folder':
      return createFolderStore(path.join(storage.varDir, 'artifacts'));
    case 's3': {
      if (bucket === null)
        throw new AppError(
          'invalid-config',
          'storage.artifacts.bucket is not set: name the bucket, or set kind to folder',
        );
      const credentials =
        accessKeyId === null || secretAccessKey === null ? undefined : { accessKeyId, secretAccessKey };
      const client = new S3Client({ region, endpoint: endpoint ?? undefined, forcePathStyle, credentials });
      return createS3Store({ client, bucket, prefix });
    }
    default:
      return assertNever(kind);
  }
}
