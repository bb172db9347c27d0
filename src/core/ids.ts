import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** `length` characters of [a-z0-9], drawn by the system's secure generator without bias. */
export function randomSlug(length: number): string {
  let out = '';
  while (out.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 252 && out.length < length) out += ALPHABET[byte % 36];
    }
  }
  return out;
}

/** Id of a pipeline run, `[a-z0-9-]+`, sorting by time: `20261123-231501-k3v9qa`. */
export function createRunId(now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${stamp}-${randomSlug(6)}`;
}

const ID_BYTES = 16;
/** Drawn for many ids at once: each request takes one. */
const drawn = Buffer.alloc(ID_BYTES * 128);
let taken = drawn.length;

/** 32 lower-case hexadecimal characters of the system's secure generator, as long as MLflow's run ids. */
export function createHexId(): string {
  if (taken === drawn.length) {
    randomFillSync(drawn);
    taken = 0;
  }
  taken += ID_BYTES;
  return drawn.toString('hex', taken - ID_BYTES, taken);
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
