/**
 * What keeps a backup from those who hold no key: AES-256-GCM over each piece, bound to its name. Names of
 * chunks are then keyed, too, so that nobody can tell by a name whether some content is in a backup.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError, toError } from '../core/errors.ts';
import { sha256Hex } from '../core/ids.ts';

export interface Seal {
  isEncrypted: boolean;
  /** The name under which content with this sha256 is kept. */
  nameOf(sha256: string): string;
  close(name: string, plain: Uint8Array): Uint8Array;
  /** @throws AppError `bad-data` for bytes that were not closed under this key and name */
  open(name: string, sealed: Uint8Array): Uint8Array;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const PLAIN: Seal = {
  isEncrypted: false,
  nameOf: (sha256) => sha256,
  close: (_name, plain) => plain,
  open: (_name, sealed) => sealed,
};

/**
 * @param keyFile holds 32 random bytes in base64 or hexadecimal, as `openssl rand -base64 32` prints them;
 *   undefined: nothing is encrypted
 * @throws AppError `invalid-input` when the file cannot be read or holds something else
 */
export async function openSeal(keyFile: string | undefined): Promise<Seal> {
  if (keyFile === undefined) return PLAIN;
  const text = await readFile(keyFile, 'utf8').catch((thrown: unknown) => {
    throw new AppError('invalid-input', `--key-file ${keyFile} cannot be read: ${toError(thrown).message}`);
  });
  const trimmed = text.trim();
  const secret = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? 'hex' : 'base64');
  if (secret.length !== KEY_BYTES)
    throw new AppError(
      'invalid-input',
      `--key-file ${keyFile} does not hold 32 bytes in base64 or hexadecimal: "openssl rand -base64 32 > FILE" makes such a file`,
    );
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, '', `copyloop backup ${purpose}`, KEY_BYTES));
  const [contentKey, nameKey] = [derive('content'), derive('names')];
  return {
    isEncrypted: true,
    nameOf: (sha256) => createHmac('sha256', nameKey).update(sha256).digest('hex'),
    close: (name, plain) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', contentKey, nonce).setAAD(Buffer.from(name));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open: (name, sealed) => {
      const bytes = Buffer.from(sealed);
      const bodyStart = NONCE_BYTES + TAG_BYTES;
      try {
        const decipher = createDecipheriv('aes-256-gcm', contentKey, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        })
          .setAAD(Buffer.from(name))
          .setAuthTag(bytes.subarray(NONCE_BYTES, bodyStart));
        return Buffer.concat([decipher.update(bytes.subarray(bodyStart)), decipher.final()]);
      } catch {
        throw new AppError(
          'bad-data',
          `${name} cannot be opened: it is damaged (${sha256Hex(bytes).slice(0, 12)}), or the key is not the one it was made with`,
        );
      }
    },
  };
}
