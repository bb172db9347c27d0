/** The audit log for admins: who did what to which object. `copyloop audit` verifies and exports it. */
import { z } from '@hono/zod-openapi';
import { listAudit } from '../../audit/index.ts';
import { AUDIT_OUTCOMES, type Db } from '../../db/index.ts';
import { createRoutes, jsonAnswer, pageKeys, renderAs, route, type Router } from '../http/index.ts';

const part = z.string().min(1).max(200).optional();
const entry = z
  .object({
    number: z.int(),
    at: z.iso.datetime(),
    actor: z.string(),
    action: z.string(),
    object: z.string(),
    outcome: z.enum(AUDIT_OUTCOMES),
    details: z.record(z.string(), z.unknown()),
    request_id: z.string().nullable(),
    previous_hash: z.string(),
    hash: z.string(),
  })
  .openapi('AuditEntry');

export function createAuditRoutes({ db }: { db: Db }): Router {
  return createRoutes('audit', [
    route('GET /audit', {
      summary: 'Changes, newest first, and attempts at them that a role did not allow',
      query: z.strictObject({
        ...pageKeys('number of the last entry of the page before'),
        actor: part.openapi({ description: 'a part of it, whatever its case' }),
        action: part,
        object: part,
        outcome: z.enum(AUDIT_OUTCOMES).optional(),
        since: z.iso.datetime({ offset: true }).optional(),
        until: z.iso.datetime({ offset: true }).optional(),
      }),
      answer: jsonAnswer('a page of entries', { entries: z.array(entry) }),
      handle: async ({ query: { since, until, ...filter } }) => {
        const toDate = (time: string | undefined): Date | undefined =>
          time === undefined ? undefined : new Date(time);
        const found = await listAudit(db, { ...filter, since: toDate(since), until: toDate(until) });
        const entries = found.map((one) =>
          renderAs(entry, { ...one, details: JSON.parse(one.details) as Record<string, unknown> }),
        );
        return { entries };
      },
    }),
  ]);
}
