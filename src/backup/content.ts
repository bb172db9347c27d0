/**
 * Content as a list of chunks, each kept once under the hash of what it holds: a backup writes only what
 * changed since any earlier one, and needs no more memory than a chunk.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { AppError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';
import { CHUNKS_FOLDER } from './place.ts';
import type { Seal } from './seal.ts';

const CHUNK_BYTES = 8 * 1024 * 1024;
/** First byte of what is kept: how the rest is to be read. */
const AS_IS = 0;
const DEFLATED = 1;
/** Weights do not get smaller; then reading them should cost nothing either. */
const WORTH_DEFLATING = 0.9;

export interface Content {
  sha256: string;
  sizeBytes: number;
  chunks: string[];
}

export interface ContentWriter {
  write(source: AsyncIterable<Uint8Array>): Promise<Content>;
  /** Of all that was written so far. */
  totals(): { bytes: number; newBytes: number };
}

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

export const chunkKey = (name: string): string => `${CHUNKS_FOLDER}/${name.slice(0, 2)}/${name}`;

/** Names of the chunks that are there: asked once, since a store in the network answers slowly. */
export async function listChunks(place: ArtifactStore): Promise<Set<string>> {
  const entries = await place.list(CHUNKS_FOLDER);
  return new Set(entries.map(({ key }) => key.slice(key.lastIndexOf('/') + 1)));
}

/** @param known what `listChunks` gave; it grows */
export function createContentWriter(place: ArtifactStore, seal: Seal, known: Set<string>): ContentWriter {
  let bytes = 0;
  let newBytes = 0;

  const keep = async (plain: Uint8Array): Promise<string> => {
    const name = seal.nameOf(sha256Hex(plain));
    bytes += plain.byteLength;
    if (known.has(name)) return name;
    const small = await deflate(plain, { level: 1 });
    const isWorthIt = small.byteLength < plain.byteLength * WORTH_DEFLATING;
    const packed = Buffer.concat([Buffer.of(isWorthIt ? DEFLATED : AS_IS), isWorthIt ? small : plain]);
    const { sizeBytes } = await place.put(chunkKey(name), seal.close(name, packed));
    newBytes += sizeBytes;
    known.add(name);
    return name;
  };

  return {
    write: async (source) => {
      const whole = createHash('sha256');
      const chunks: string[] = [];
      let sizeBytes = 0;
      for await (const chunk of inChunks(source)) {
        whole.update(chunk);
        sizeBytes += chunk.byteLength;
        chunks.push(await keep(chunk));
      }
      return { sha256: whole.digest('hex'), sizeBytes, chunks };
    },
    totals: () => ({ bytes, newBytes }),
  };
}

/**
 * The bytes as they were written. A damaged chunk ends the stream before any of its bytes passed.
 * @throws AppError `bad-data`, also for a chunk that is gone
 */
export async function* readContent(
  place: ArtifactStore,
  seal: Seal,
  { chunks, sha256, sizeBytes }: Content,
  what: string,
): AsyncGenerator<Uint8Array> {
  const whole = createHash('sha256');
  let seen = 0;
  for (const name of chunks) {
    const plain = await readChunk(place, seal, name);
    if (plain === undefined || seal.nameOf(sha256Hex(plain)) !== name)
      throw new AppError(
        'bad-data',
        `the backup of ${what} is damaged: ${chunkKey(name)} is gone or holds other bytes; restore another backup by --id, or delete that file and make a new backup, which writes it again`,
      );
    whole.update(plain);
    seen += plain.byteLength;
    yield plain;
  }
  if (seen !== sizeBytes || whole.digest('hex') !== sha256)
    throw new AppError('bad-data', `the backup of ${what} is damaged: its chunks do not make up the whole`);
}

/** @returns undefined where nothing whole is there */
async function readChunk(place: ArtifactStore, seal: Seal, name: string): Promise<Uint8Array | undefined> {
  try {
    const stored: Uint8Array[] = [];
    for await (const part of await place.get(chunkKey(name))) stored.push(part as Uint8Array);
    const packed = seal.open(name, Buffer.concat(stored));
    const body = packed.subarray(1);
    return packed[0] === DEFLATED ? await inflate(body).catch(() => undefined) : body;
  } catch (thrown) {
    if (thrown instanceof AppError && (thrown.code === 'bad-data' || thrown.code === 'not-found'))
      return undefined;
    throw thrown;
  }
}

async function* inChunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (let part of source) {
    while (size + part.byteLength >= CHUNK_BYTES) {
      const room = CHUNK_BYTES - size;
      yield Buffer.concat([...waiting, part.subarray(0, room)]);
      part = part.subarray(room);
      waiting = [];
      size = 0;
    }
    if (part.byteLength > 0) waiting.push(part);
    size += part.byteLength;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
