/**
 * Sign-in by OpenID Connect: the provider says who somebody is and in which groups, the configuration which
 * role a group has. Authorisation code with PKCE, state and nonce; what is kept meanwhile is sealed in a
 * cookie of the browser that began, so that any server may go on.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import * as client from 'openid-client';
import { z } from 'zod';
import { SECOND_MS, type Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { AppError, toError } from '../../core/errors.ts';
import { KEY_ROLES, type KeyRole } from '../../db/index.ts';

export const SIGN_ON_COOKIE = 'copyloop_sign_on';
export const CALLBACK_PATH = '/session/oidc/callback';
/** So long may somebody take to sign in at the provider. */
export const SIGN_ON_MS = 600 * SECOND_MS;

export interface Person {
  /** `sub` of the provider. */
  subject: string;
  /** E-mail address where the provider tells it, else a name, else the subject. */
  name: string;
  role: KeyRole;
}

export interface SingleSignOn {
  /** Where the browser is sent, and what it brings back. */
  begin(callback: string): Promise<{ address: string; sealed: string }>;
  /** @throws AppError `unauthenticated`, `forbidden` for who has no group with a role, `unavailable` */
  finish(callback: URL, sealed: string | undefined): Promise<Person>;
}

type Settings = NonNullable<Config['server']['oidc']>;

const pendingSchema = z.object({
  verifier: z.string(),
  state: z.string(),
  nonce: z.string(),
  endsMs: z.number(),
});
type Pending = z.infer<typeof pendingSchema>;

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export function createSingleSignOn(settings: Settings, clock: Pick<Clock, 'nowMs'>): SingleSignOn {
  let discovered: Promise<client.Configuration> | undefined;
  const discover = async (): Promise<client.Configuration> => {
    discovered ??= client.discovery(
      new URL(settings.issuer),
      settings.clientId,
      undefined,
      settings.clientSecret === null ? client.None() : client.ClientSecretPost(settings.clientSecret),
      // TLS says who sent the ID token; its signature is checked all the same, for whoever ends TLS on the
      // way. A provider on this machine, as in trials, may speak without TLS.
      {
        execute: [
          client.enableNonRepudiationChecks,
          ...(isLocal(settings.issuer) ? [client.allowInsecureRequests] : []),
        ],
      },
    );
    try {
      return await discovered;
    } catch (cause) {
      discovered = undefined;
      throw new AppError(
        'unavailable',
        `the identity provider at ${settings.issuer} cannot be asked (${toError(cause).message}): check server.oidc.issuer`,
        { cause },
      );
    }
  };
  const key = new Uint8Array(hkdfSync('sha256', settings.cookieSecret, '', 'copyloop sign-on', 32));

  return {
    begin: async (callback) => {
      const provider = await discover();
      const pending: Pending = {
        verifier: client.randomPKCECodeVerifier(),
        state: client.randomState(),
        nonce: client.randomNonce(),
        endsMs: clock.nowMs() + SIGN_ON_MS,
      };
      const address = client.buildAuthorizationUrl(provider, {
        redirect_uri: callback,
        scope: settings.scope,
        code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        state: pending.state,
        nonce: pending.nonce,
      });
      return { address: address.href, sealed: seal(key, pending) };
    },
    finish: async (callback, sealed) => {
      const pending = sealed === undefined ? undefined : unseal(key, sealed);
      if (pending === undefined || pending.endsMs < clock.nowMs())
        throw new AppError(
          'unauthenticated',
          'this sign-in was not begun here, or too long ago: begin again',
        );
      const provider = await discover();
      let claims: Record<string, unknown>;
      try {
        const tokens = await client.authorizationCodeGrant(provider, callback, {
          pkceCodeVerifier: pending.verifier,
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          idTokenExpected: true,
        });
        claims = { ...tokens.claims() };
      } catch (cause) {
        throw new AppError(
          'unauthenticated',
          `the identity provider did not confirm this sign-in (${toError(cause).message}): begin again`,
          { cause },
        );
      }
      return toPerson(claims, settings);
    },
  };
}

/** @throws AppError `forbidden` */
export function toPerson(
  claims: Readonly<Record<string, unknown>>,
  { groupsClaim, roles }: Pick<Settings, 'groupsClaim' | 'roles'>,
): Person {
  const text = (name: string): string | undefined => {
    const value = claims[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const subject = text('sub') ?? '';
  const name = text('email') ?? text('preferred_username') ?? text('name') ?? subject;
  const given = claims[groupsClaim];
  // Text alone: [['owners']] would be the group owners as text.
  const groups = [given].flat().filter((group) => typeof group === 'string');
  // The highest of all that the groups give.
  const role = KEY_ROLES.findLast((one) =>
    roles[one].some((group) => group === '*' || groups.includes(group)),
  );
  if (role === undefined)
    throw new AppError(
      'forbidden',
      `${name} is in no group that has a role here: server.oidc.roles names them, the claim ${groupsClaim} lists a person's`,
    );
  return { subject, name, role };
}

function seal(key: Uint8Array, pending: Pending): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(JSON.stringify(pending)), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

function unseal(key: Uint8Array, sealed: string): Pending | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  const bodyStart = NONCE_BYTES + TAG_BYTES;
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    }).setAuthTag(bytes.subarray(NONCE_BYTES, bodyStart));
    const text = Buffer.concat([decipher.update(bytes.subarray(bodyStart)), decipher.final()]).toString();
    return pendingSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function isLocal(address: string): boolean {
  return /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:|\/|$)/.test(address);
}
