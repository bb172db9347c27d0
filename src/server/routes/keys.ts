/** API keys: who may do what. Admins alone see them, make them and revoke them. */
import { z } from '@hono/zod-openapi';
import { plainText } from '../../core/plain-text.ts';
import { KEY_ROLES, type Db } from '../../db/index.ts';
import {
  createRouter,
  defineRoute,
  errorResponse,
  jsonAnswer,
  jsonBody,
  type Router,
} from '../http/index.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../keys/index.ts';

const MAX_NAME_CHARS = 100;
const time = z.iso.datetime();
const role = z.enum(KEY_ROLES);
const keySchema = z
  .object({ id: z.string(), name: z.string(), role, created_at: time, revoked_at: time.nullable() })
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
      }),
    ),
  },
  responses: { 201: jsonAnswer('the key', { id: z.string(), key: z.string() }) },
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
      const keys = (await listApiKeys(db)).map(({ id, name, role, createdAt, revokedAt }) => ({
        id,
        name,
        role,
        created_at: createdAt.toISOString(),
        revoked_at: revokedAt?.toISOString() ?? null,
      }));
      return c.json({ status: 'success' as const, keys }, 200);
    })
    .openapi(createKeyRoute, async function createKey(c) {
      const made = await createApiKey(db, c.req.valid('json'));
      return c.json({ status: 'success' as const, ...made }, 201);
    })
    .openapi(revokeRoute, async function revokeKey(c) {
      await revokeApiKey(db, c.req.valid('param').id);
      return c.body(null, 204);
    });
}
