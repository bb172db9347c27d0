/**
 * Artifacts in an S3 bucket. `<prefix>/files/<key>` holds them. Their sha256 travels in the object's own
 * metadata; for a stream too
 * long for one request it is only known at the end, so the metadata names an object below
 * `<prefix>/digests/`, which is written before the
 * upload completes. Either way completing the upload is the commit.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { S3 } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import {
  compareKeys,
  parseArtifactFolder,
  parseArtifactKey,
  type ArtifactEntry,
  type ArtifactStore,
  type FolderEntry,
  type StoredArtifact,
} from '../../core/artifact-store.ts';
import { AppError, toError } from '../../core/errors.ts';
import { randomSlug, sha256File } from '../../core/ids.ts';
import { stripEnd } from '../../core/strip-end.ts';
import { checkBytes, readAll, toByteStream, writeWhole } from './checked-bytes.ts';

/** S3 takes at most 10,000 parts of at least 5 MiB: 16 MiB reaches 156 GiB. */
const PART_BYTES = 16 * 1024 * 1024;
const SHA256 = 'copyloop-sha256';
const DIGEST_ID = 'copyloop-digest-id';

export interface S3StoreOptions {
  /** The same at every call; asked for when it is needed, since it takes long to load. */
  openClient: () => Promise<S3>;
  bucket: string;
  /** Folder in the bucket; '' for its root. */
  prefix: string;
  partBytes?: number;
}

export function createS3Store(options: S3StoreOptions): ArtifactStore {
  const { openClient, bucket: Bucket, partBytes = PART_BYTES } = options;
  const base = options.prefix === '' ? '' : `${stripEnd(options.prefix.replace(/^\/+/, ''), /\//)}/`;
  const objectOf = (key: string): string => `${base}files/${parseArtifactKey(key)}`;
  const digestObject = (id: string): string => `${base}digests/${id}`;

  /** `known` is the sha256 where it was computed beforehand. */
  const put = async (
    key: string,
    body: AsyncIterable<Uint8Array>,
    known?: string,
  ): Promise<StoredArtifact> => {
    const client = await openClient();
    const Key = objectOf(key);
    const hash = createHash('sha256');
    let sizeBytes = 0;
    const parts = cutIntoParts(body, partBytes, (chunk) => {
      hash.update(chunk);
      sizeBytes += chunk.byteLength;
    });
    const first = await parts.next();
    const firstPart = first.done === true ? Buffer.alloc(0) : first.value;
    const second = await parts.next();
    if (second.done === true) {
      const sha256 = hash.digest('hex');
      await client.putObject({ Bucket, Key, Body: firstPart, Metadata: { [SHA256]: sha256 } });
      return { sha256, sizeBytes };
    }
    const digestId = randomSlug(24);
    const Metadata: Record<string, string> =
      known === undefined ? { [DIGEST_ID]: digestId } : { [SHA256]: known };
    const { UploadId } = await client.createMultipartUpload({ Bucket, Key, Metadata });
    try {
      const done: { ETag: string | undefined; PartNumber: number }[] = [];
      const send = async (Body: Uint8Array): Promise<void> => {
        const PartNumber = done.length + 1;
        const { ETag } = await client.uploadPart({ Bucket, Key, UploadId, PartNumber, Body });
        done.push({ ETag, PartNumber });
      };
      await send(firstPart);
      await send(second.value);
      for await (const part of parts) await send(part);
      const sha256 = hash.digest('hex');
      if (known === undefined) await client.putObject({ Bucket, Key: digestObject(digestId), Body: sha256 });
      else if (known !== sha256)
        throw new AppError('bad-data', `the file for artifact ${key} changed while it was uploaded`);
      await client.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts: done } });
      return { sha256, sizeBytes };
    } catch (error) {
      await client.abortMultipartUpload({ Bucket, Key, UploadId }).catch(() => undefined);
      throw error;
    }
  };

  const get = async (key: string): Promise<Readable> => {
    const client = await openClient();
    const object = await client.getObject({ Bucket, Key: objectOf(key) }).catch((error: unknown) => {
      throw isMissing(error) ? new AppError('not-found', `there is no artifact ${key}`) : error;
    });
    const { Body, Metadata = {} } = object;
    if (Body === undefined) throw new AppError('unavailable', `S3 sent no body for artifact ${key}`);
    let sha256 = Metadata[SHA256];
    const digestId = Metadata[DIGEST_ID];
    if (sha256 === undefined && digestId !== undefined) {
      const digest = await client.getObject({ Bucket, Key: digestObject(digestId) });
      sha256 = (await digest.Body?.transformToString())?.trim();
    }
    return checkBytes(Body as AsyncIterable<Uint8Array>, key, (actual) => actual === sha256);
  };

  const sizeOf = async (key: string): Promise<number | undefined> => {
    const Key = objectOf(key);
    try {
      return (await (await openClient()).headObject({ Bucket, Key })).ContentLength ?? 0;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };

  async function* listPages(folder: string, Delimiter?: string) {
    const client = await openClient();
    const root = `${base}files/`;
    const Prefix = folder === '' ? root : `${root}${folder}/`;
    for (let ContinuationToken: string | undefined; ;) {
      const page = await client
        .listObjectsV2({ Bucket, Prefix, Delimiter, ContinuationToken })
        .catch((cause: unknown) => {
          throw explain(cause, `s3://${Bucket}/${Prefix}`);
        });
      yield {
        files: (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({
          key: Key.slice(root.length),
          sizeBytes: Size,
        })),
        folders: (page.CommonPrefixes ?? []).map(({ Prefix: found = '' }) => found.slice(root.length, -1)),
      };
      if (page.IsTruncated !== true) return;
      ContinuationToken = page.NextContinuationToken;
    }
  }

  const list = async (prefix: string): Promise<ArtifactEntry[]> => {
    const found: ArtifactEntry[] = [];
    for await (const { files } of listPages(parseArtifactFolder(prefix))) found.push(...files);
    return found.toSorted(compareKeys);
  };

  const forget = async (keys: string[]): Promise<void> => {
    const client = await openClient();
    for (const key of keys) {
      const head = await client.headObject({ Bucket, Key: objectOf(key) }).catch(() => undefined);
      const digestId = head?.Metadata?.[DIGEST_ID];
      if (digestId !== undefined) await client.deleteObject({ Bucket, Key: digestObject(digestId) });
    }
    for (let start = 0; start < keys.length; start += 1000) {
      const Objects = keys.slice(start, start + 1000).map((key) => ({ Key: objectOf(key) }));
      const { Errors = [] } = await client.deleteObjects({ Bucket, Delete: { Objects, Quiet: true } });
      if (Errors.length > 0)
        throw new AppError(
          'unavailable',
          `S3 could not delete ${Errors.length} artifacts, first ${Errors[0]?.Key}`,
        );
    }
  };

  return {
    put: (key, body) => put(key, toByteStream(body)),
    putFile: async (key, file) => {
      const isLong = (await stat(file)).size > partBytes;
      return await put(key, createReadStream(file), isLong ? await sha256File(file) : undefined);
    },
    get,
    readText: async (key) => (await readAll(await get(key))).toString('utf8'),
    fetchFile: async (key, file) => await writeWhole(await get(key), file),
    list,
    listFolder: async (prefix) => {
      const entries: FolderEntry[] = [];
      for await (const { files, folders } of listPages(parseArtifactFolder(prefix), '/')) {
        entries.push(...files.map((file) => ({ ...file, isFolder: false })));
        entries.push(...folders.map((key) => ({ key, isFolder: true, sizeBytes: 0 })));
      }
      return entries.toSorted(compareKeys);
    },
    sizeOf,
    exists: async (key) => (await sizeOf(key)) !== undefined,
    delete: async (key) => await forget([parseArtifactKey(key)]),
    deletePrefix: async (prefix) => {
      const folder = parseArtifactKey(prefix.replace(/\/$/, ''));
      await forget((await list(folder)).map(({ key }) => key));
    },
  };
}

/** Parts of `partBytes`, the last one shorter; at most one part and one chunk are held in memory. */
async function* cutIntoParts(
  body: AsyncIterable<Uint8Array>,
  partBytes: number,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of body) {
    onChunk(chunk);
    for (let rest = chunk; rest.byteLength > 0;) {
      const piece = rest.subarray(0, partBytes - heldBytes);
      held.push(piece);
      heldBytes += piece.byteLength;
      rest = rest.subarray(piece.byteLength);
      if (heldBytes < partBytes) continue;
      yield Buffer.concat(held);
      held = [];
      heldBytes = 0;
    }
  }
  if (heldBytes > 0) yield Buffer.concat(held);
  return undefined;
}

/**
 * What others have put into a bucket, as it is. @throws AppError `not-found`, `forbidden` or `unavailable`
 */
export async function readObject(
  client: S3,
  { bucket, key }: { bucket: string; key: string },
): Promise<AsyncIterable<Uint8Array>> {
  const address = `s3://${bucket}/${key}`;
  const object = await client.getObject({ Bucket: bucket, Key: key }).catch((cause: unknown) => {
    throw explain(cause, address);
  });
  if (object.Body === undefined) throw new AppError('unavailable', `S3 sent no body for ${address}`);
  return object.Body as AsyncIterable<Uint8Array>;
}

function explain(cause: unknown, address: string): AppError {
  const { name, message } = toError(cause);
  if (isMissing(cause) || name === 'NoSuchBucket')
    return new AppError('not-found', `there is no ${address}`, { cause });
  const isRefused = /denied|forbidden|credential|signature|accesskey|token/iu.test(name);
  return new AppError(
    isRefused ? 'forbidden' : 'unavailable',
    `${address} cannot be read (${name}: ${message}): it is asked for with storage.artifacts.region, endpoint and keys, or with what the AWS SDK finds`,
    { cause },
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && ['NoSuchKey', 'NotFound'].includes(error.name);
}
