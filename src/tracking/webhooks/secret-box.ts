/**
 * Webhook secrets at rest: AES-256-GCM under `webhooks.secretKey`, bound to their webhook, so that a copy of
 * the database signs nothing.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '../../core/errors.ts';

export interface SecretBox {
  seal(webhookId: string, secret: string): string;
  /** @throws AppError `invalid-config` when it was sealed under another key, or there is none */
  open(webhookId: string, stored: string): string;
}

const SEALED = 'aes-256-gcm:';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param secretKey null: secrets are kept as they are; those that were sealed before cannot be opened */
export function createSecretBox(secretKey: string | null): SecretBox {
  if (secretKey === null)
    return {
      seal: (_webhookId, secret) => secret,
      open: (webhookId, stored) => {
        if (stored.startsWith(SEALED)) throw unopened(webhookId, 'webhooks.secretKey is not set');
        return stored;
      },
    };
  const key = new Uint8Array(hkdfSync('sha256', secretKey, '', 'copyloop webhook secrets', 32));
  return {
    seal: (webhookId, secret) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(webhookId));
      const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return SEALED + Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open: (webhookId, stored) => {
      if (!stored.startsWith(SEALED)) return stored;
      const bytes = Buffer.from(stored.slice(SEALED.length), 'base64');
      const tagEnd = NONCE_BYTES + TAG_BYTES;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        })
          .setAAD(Buffer.from(webhookId))
          .setAuthTag(bytes.subarray(NONCE_BYTES, tagEnd));
        return Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]).toString('utf8');
      } catch {
        throw unopened(webhookId, 'webhooks.secretKey is not the one it was sealed under');
      }
    },
  };
}

function unopened(webhookId: string, why: string): AppError {
  return new AppError(
    'invalid-config',
    `the secret of webhook ${webhookId} cannot be opened: ${why}; set the key, or give the webhook a new secret`,
  );
}
