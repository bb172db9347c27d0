/** API keys: who may do what. Admins alone see them, make them and revoke them. */
import { z } from '@hono/zod-openapi';
import { DAY_MS, SECOND_MS } from '../../core/clock.ts';
import { plainText } from '../../core/plain-text.ts';
import { KEY_ROLES, type Db } from '../../db/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type Router } from '../http/index.ts';
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '../keys/index.ts';

const MAX_NAME_CHARS = 100;
const DAY_S = DAY_MS / SECOND_MS;
const time = z.iso.datetime();
const role = z.enum(KEY_ROLES);
const expiry = z.iso
  .datetime({ offset: true })
  .refine((text) => new Date(text).getTime() > Date.now(), 'lies in the past')
  .optional();
const keySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role,
    created_at: time,
    revoked_at: time.nullable(),
    expires_at: time.nullable(),
    last_used_at: time.nullable().openapi({ description: 'to the minute' }),
    requests_per_minute: z.int().nullable(),
  })
  .openapi('Key');

export function createKeyRoutes(db: Db): Router {
  return createRoutes('keys', [
    route('GET /keys', {
      summary: 'Every key that was made, oldest first; what they are is never shown again',
      answer: jsonAnswer('the keys', { keys: z.array(keySchema) }),
      handle: async () => {
        const keys = (await listApiKeys(db)).map((key) => renderAs(keySchema, key));
        return { keys };
      },
    }),
    route('POST /keys', {
      summary: 'Make a key; the answer shows it once',
      body: z.strictObject({
        name: plainText(MAX_NAME_CHARS).refine((text) => text.trim() !== '', 'is blank'),
        role: role.default('reader'),
        expires_at: expiry.openapi({
          description: 'when the key ends by itself; never where it is left out',
        }),
        requests_per_minute: z
          .int()
          .min(1)
          .max(2 ** 31 - 1)
          .optional(),
      }),
      answer: jsonAnswer('the key', { id: z.string(), key: z.string() }),
      status: 201,
      handle: async ({ body: { name, role, expires_at: expiresAt, requests_per_minute: limit } }) => {
        const made = await createApiKey(db, {
          name,
          role,
          expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
          requestsPerMinute: limit ?? null,
        });
        return made;
      },
    }),
    route('POST /keys/{id}/rotate', {
      summary: 'Make a key of the same name, role and limit in place of this one, which goes on for a while',
      params: z.object({ id: z.string().min(1).max(100) }),
      body: z.strictObject({
        grace_seconds: z
          .int()
          .min(0)
          .max(DAY_S * 365)
          .default(DAY_S),
        expires_at: expiry.openapi({
          description:
            'when the new key ends; where it is left out, it lasts as long as the old one was made for',
        }),
      }),
      answer: jsonAnswer('the new key, and when the old one ends', {
        id: z.string(),
        key: z.string(),
        old_expires_at: time,
      }),
      status: 201,
      refusals: {
        404: 'no such key in force',
        409: 'the key was replaced already; error.message names the one that replaced it',
      },
      handle: async ({ params, body: { grace_seconds: graceSeconds, expires_at: expiresAt } }) => {
        const until = new Date(Date.now() + graceSeconds * SECOND_MS);
        const { oldEndsAt, ...made } = await rotateApiKey(
          db,
          params.id,
          until,
          expiresAt === undefined ? undefined : new Date(expiresAt),
        );
        return { ...made, old_expires_at: oldEndsAt.toISOString() };
      },
    }),
    route('DELETE /keys/{id}', {
      summary: 'Revoke a key, and end its sign-ins within seconds',
      params: z.object({ id: z.string().min(1).max(100) }),
      answer: { description: 'revoked' },
      status: 204,
      refusals: { 404: 'no such key in force' },
      handle: async ({ params, c }) => {
        await revokeApiKey(db, params.id);
        return c.body(null, 204);
      },
    }),
  ]);
}
