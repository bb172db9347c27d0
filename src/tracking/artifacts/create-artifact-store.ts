import path from 'node:path';
import type { S3 } from '@aws-sdk/client-s3';
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
      let client: Promise<S3> | undefined;
      const openClient = async (): Promise<S3> => await (client ??= openS3(storage.artifacts));
      return createS3Store({ openClient, bucket, prefix });
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
  return await readObject(await openS3(storage.artifacts), { bucket, key });
}

/** The package is loaded where there is a bucket alone: it would be a tenth of what every process loads. */
async function openS3(settings: Config['storage']['artifacts']): Promise<S3> {
  const { S3 } = await import('@aws-sdk/client-s3');
  const { region, endpoint, forcePathStyle, accessKeyId, secretAccessKey } = settings;
  const credentials =
    accessKeyId === null || secretAccessKey === null ? undefined : { accessKeyId, secretAccessKey };
  return new S3({ region, endpoint: endpoint ?? undefined, forcePathStyle, credentials });
}
