/** API keys: who may do what. Admins alone see them, make them and revoke them. */
import { z } from '@hono/zod-openapi';
import { DAY_MS, SECOND_MS } from '../../core/clock.ts';
import { plainText } from '../../core/plain-text.ts';
import { KEY_ROLES, type Db } from '../../db/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  renderAs,
  type Router,
} from '../http/index.ts';
import { createApiKey, listApiKeys, revokeApiKey, rotateApiKey } from '../keys/index.ts';

const MAX_NAME_CHARS = 100;
const DAY_S = DAY_MS / SECOND_MS;
const time = z.iso.datetime();
const role = z.enum(KEY_ROLES);
const expiry = z.iso
  .datetime({ offset: true })
  .optional()
  .openapi({ description: 'when the key ends by itself; never where it is left out' });
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

const listRoute = defineRoute({
  method: 'get',
  path: '/keys',
  tags: ['keys'],
  summary: 'Every key that was made, oldest first; what they are is never shown again',
  responses: { 200: jsonAnswer('the keys', { keys: z.array(keySchema) }) },
});

const createKeyRoute = defineRoute({
  method: 'post',
  path: '/keys',
  tags: ['keys'],
  summary: 'Make a key; the answer shows it once',
  request: {
    body: jsonBody(
      z.strictObject({
        name: plainText(MAX_NAME_CHARS).refine((text) => text.trim() !== '', 'is blank'),
        role: role.default('reader'),
        expires_at: expiry,
        requests_per_minute: z
          .int()
          .min(1)
          .max(2 ** 31 - 1)
          .optional(),
      }),
    ),
  },
  responses: { 201: jsonAnswer('the key', { id: z.string(), key: z.string() }) },
});

const rotateRoute = defineRoute({
  method: 'post',
  path: '/keys/{id}/rotate',
  tags: ['keys'],
  summary: 'Make a key of the same name, role and limit in place of this one, which goes on for a while',
  request: {
    params: z.object({ id: z.string().min(1).max(100) }),
    body: jsonBody(
      z.strictObject({
        grace_seconds: z
          .int()
          .min(0)
          .max(DAY_S * 365)
          .default(DAY_S),
        expires_at: expiry,
      }),
    ),
  },
  responses: {
    201: jsonAnswer('the new key; the old one ends at old_expires_at, or sooner where it would have', {
      id: z.string(),
      key: z.string(),
      old_expires_at: time,
    }),
    404: errorResponse('no such key in force'),
  },
});

const revokeRoute = defineRoute({
  method: 'delete',
  path: '/keys/{id}',
  tags: ['keys'],
  summary: 'Revoke a key, and end its sign-ins within seconds',
  request: { params: z.object({ id: z.string().min(1).max(100) }) },
  responses: { 204: { description: 'revoked' }, 404: errorResponse('no such key in force') },
});

export function createKeyRoutes(db: Db): Router {
  return createRouter()
    .openapi(listRoute, async function listKeys(c) {
      const keys = (await listApiKeys(db)).map((key) => renderAs(keySchema, key));
      return c.json({ status: 'success' as const, keys }, 200);
    })
    .openapi(createKeyRoute, async function createKey(c) {
      const { name, role, expires_at: expiresAt, requests_per_minute: limit } = c.req.valid('json');
      const made = await createApiKey(db, {
        name,
        role,
        expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
        requestsPerMinute: limit ?? null,
      });
      return c.json({ status: 'success' as const, ...made }, 201);
    })
    .openapi(rotateRoute, async function rotateKey(c) {
      const { grace_seconds: graceSeconds, expires_at: expiresAt } = c.req.valid('json');
      const until = new Date(Date.now() + graceSeconds * SECOND_MS);
      const made = await rotateApiKey(
        db,
        c.req.valid('param').id,
        until,
        expiresAt === undefined ? null : new Date(expiresAt),
      );
      return c.json({ status: 'success' as const, ...made, old_expires_at: until.toISOString() }, 201);
    })
    .openapi(revokeRoute, async function revokeKey(c) {
      await revokeApiKey(db, c.req.valid('param').id);
      return c.body(null, 204);
    });
}
