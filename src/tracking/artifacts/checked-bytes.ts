/** Byte streams that hash what passes, and refuse at the end what is not what was written. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArtifactBody } from '../../core/artifact-store.ts';
import { AppError } from '../../core/errors.ts';
import { randomSlug } from '../../core/ids.ts';

export function toByteStream(body: ArtifactBody): AsyncIterable<Uint8Array> {
  if (typeof body === 'string') return single(Buffer.from(body));
  return body instanceof Uint8Array ? single(body) : body;
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Passes `source` on and fails after its last byte when `isExpected` does not know the sha256 of what passed.
 */
export function checkBytes(
  source: AsyncIterable<Uint8Array>,
  key: string,
  isExpected: (sha256: string) => boolean,
): Readable {
  return Readable.from(
    (async function* checked() {
      const hash = createHash('sha256');
      for await (const chunk of source) {
        hash.update(chunk);
        yield chunk;
      }
      const sha256 = hash.digest('hex');
      if (!isExpected(sha256)) {
        throw new AppError(
          'bad-data',
          `artifact ${key} is damaged: its sha256 is ${sha256}, which was never written; restore it from a backup or run the stage again`,
        );
      }
    })(),
    { objectMode: false },
  );
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Writes the stream to `file` through a draft beside it, so that a damaged or broken stream leaves nothing.
 */
export async function writeWhole(source: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const draft = `${file}.${randomSlug(8)}.part`;
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await pipeline(source, createWriteStream(draft, { flags: 'wx' }));
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
