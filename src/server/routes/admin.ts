/**
 * What an admin looks after: settings and where they came from, undelivered webhooks, and what takes room.
 */
import { z } from '@hono/zod-openapi';
import { sql } from 'kysely';
import type { ConfigLine } from '../../core/config/index.ts';
import type { Db } from '../../db/index.ts';
import type { WebhookStore } from '../../tracking/index.ts';
import { createRoutes, jsonAnswer, renderAs, route, type Router } from '../http/index.ts';

const MAX_WEBHOOKS = 100;
const MAX_DELIVERIES = 50;
const TABLES_SHOWN = 30;
const time = z.iso.datetime();

const deliverySchema = z
  .object({
    id: z.string(),
    event: z.string(),
    status: z.string(),
    attempts: z.int(),
    last_error: z.string().nullable(),
    created_at: time,
    ended_at: time.nullable(),
  })
  .openapi('WebhookDelivery');

/** What one look at the machine and its services found. */
export interface Diagnosis {
  name: string;
  status: 'ok' | 'warning' | 'failed';
  found: string;
  remedy?: string;
}

export function createAdminRoutes(deps: {
  db: Db;
  webhooks: WebhookStore;
  settings: readonly ConfigLine[];
  diagnose: () => Promise<Diagnosis[]>;
}): Router {
  const { db, webhooks, settings, diagnose } = deps;
  return createRoutes('admin', [
    route('GET /admin/config', {
      summary: 'Every setting in force, secrets masked, and where it came from',
      answer: jsonAnswer('the settings', {
        settings: z.array(
          z.object({ key: z.string(), value: z.unknown(), origin: z.string() }).openapi('Setting'),
        ),
      }),
      handle: async () => ({ settings: [...settings] }),
    }),
    route('GET /admin/doctor', {
      summary: 'What `copyloop doctor` finds on the machine of this server',
      answer: jsonAnswer('the checks, with what to do about those that failed', {
        checks: z.array(
          z
            .object({
              name: z.string(),
              status: z.enum(['ok', 'warning', 'failed']),
              found: z.string(),
              remedy: z.string().nullable(),
            })
            .openapi('Diagnosis'),
        ),
      }),
      handle: async () => {
        const checks = (await diagnose()).map((check) => ({ ...check, remedy: check.remedy ?? null }));
        return { checks };
      },
    }),
    route('GET /admin/webhooks', {
      summary: `Webhooks with their newest deliveries, ${MAX_DELIVERIES} each`,
      answer: jsonAnswer('the webhooks', {
        webhooks: z.array(
          z
            .object({
              id: z.string(),
              name: z.string(),
              status: z.string(),
              url: z.string(),
              deliveries: z.array(deliverySchema),
            })
            .openapi('WatchedWebhook'),
        ),
      }),
      handle: async () => {
        const { items } = await webhooks.list({ maxResults: MAX_WEBHOOKS });
        const shown = [];
        for (const { webhookId, name, status, url } of items) {
          const deliveries = await webhooks.deliveries(webhookId, MAX_DELIVERIES);
          shown.push({
            id: webhookId,
            name,
            status,
            url,
            deliveries: deliveries.map((one) => renderAs(deliverySchema, { ...one, id: one.deliveryId })),
          });
        }
        return { webhooks: shown };
      },
    }),
    route('POST /admin/webhooks/{id}/retry', {
      summary: 'Let deliveries of a webhook that were given up be tried anew',
      params: z.object({ id: z.string().min(1).max(100) }),
      answer: jsonAnswer('how many', { retried: z.int() }),
      refusals: { 404: 'no such webhook' },
      handle: async ({ params }) => {
        const retried = await webhooks.retryDead(params.id);
        return { retried };
      },
    }),
    route('GET /admin/storage', {
      summary: 'What the database takes: its largest tables with their indexes',
      answer: jsonAnswer('bytes, and rows as the database estimates them', {
        bytes: z.int(),
        tables: z.array(z.object({ name: z.string(), bytes: z.int(), rows: z.int() }).openapi('TableSize')),
      }),
      handle: async () => {
        const { rows } = await sql<{ name: string; bytes: number; rows: number; total: number }>`
        SELECT c.relname AS name, pg_total_relation_size(c.oid)::float8 AS bytes,
               greatest(c.reltuples, 0)::float8 AS rows, pg_database_size(current_database())::float8 AS total
        FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
        ORDER BY bytes DESC LIMIT ${TABLES_SHOWN}`.execute(db);
        const tables = rows.map(({ name, bytes, rows: count }) => ({ name, bytes, rows: Math.round(count) }));
        return { bytes: rows[0]?.total ?? 0, tables };
      },
    }),
  ]);
}
