/** Webhooks as MLflow manages them, and what became of their deliveries. */
import { randomUUID } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Db, Schema } from '../../db/index.ts';
import type { Page } from '../entities.ts';
import { checkText } from '../limits.ts';
import type { WebhookEvent } from './events.ts';
import { WEBHOOK_CHANNEL } from './outbox.ts';
import { createSecretBox } from './secret-box.ts';

export const WEBHOOK_STATUSES = ['ACTIVE', 'DISABLED'] as const;
export type WebhookStatus = (typeof WEBHOOK_STATUSES)[number];

/** Without its secret, which nothing shows again. */
export interface Webhook {
  webhookId: string;
  name: string;
  description: string | null;
  url: string;
  events: WebhookEvent[];
  status: WebhookStatus;
  creationTimeMs: number;
  lastUpdateTimeMs: number;
}

export interface WebhookDelivery {
  deliveryId: string;
  event: string;
  status: 'waiting' | 'delivered' | 'dead';
  attempts: number;
  nextAttemptAt: Date;
  /** Of the last attempt that failed. */
  lastError: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

export interface NewWebhook {
  name: string;
  url: string;
  events: readonly WebhookEvent[];
  description?: string | undefined;
  secret?: string | undefined;
  status?: WebhookStatus | undefined;
}

export interface WebhookStore {
  create(webhook: NewWebhook): Promise<Webhook>;
  /** @throws AppError `not-found` */
  get(webhookId: string): Promise<Webhook>;
  /** What signs its deliveries; undefined when they are not signed. */
  secretOf(webhookId: string): Promise<string | undefined>;
  /** Newest first. */
  list(page: { maxResults: number; pageToken?: string | undefined }): Promise<Page<Webhook>>;
  update(webhookId: string, change: Partial<NewWebhook>): Promise<Webhook>;
  /** Its deliveries go with it. */
  delete(webhookId: string): Promise<void>;
  /** The newest. */
  deliveries(webhookId: string, limit: number): Promise<WebhookDelivery[]>;
  /** Lets deliveries that were given up be tried anew, and says how many. */
  retryDead(webhookId: string): Promise<number>;
}

const NAME = /^[a-z0-9]([a-z0-9._-]{0,60}[a-z0-9])?$/i;
const MAX_URL_CHARS = 2000;
const MAX_SECRET_CHARS = 1000;
const MAX_DESCRIPTION_CHARS = 1000;

/** @param secretKey `webhooks.secretKey` */
export function createWebhookStore(db: Db, clock: Clock, secretKey: string | null): WebhookStore {
  const box = createSecretBox(secretKey);
  const find = async (webhookId: string) => {
    const row = await db
      .selectFrom('webhooks')
      .selectAll()
      .where('webhook_id', '=', webhookId)
      .executeTakeFirst();
    if (row === undefined) throw new AppError('not-found', `Webhook with ID ${webhookId} not found.`);
    return row;
  };
  const get = async (webhookId: string): Promise<Webhook> => toWebhook(await find(webhookId));

  return {
    get,
    secretOf: async (webhookId) => {
      const { secret } = await find(webhookId);
      return secret === null ? undefined : box.open(webhookId, secret);
    },
    create: async (webhook) => {
      checkWebhook(webhook);
      const now = clock.nowMs();
      const webhookId = randomUUID();
      await db
        .insertInto('webhooks')
        .values({
          webhook_id: webhookId,
          name: webhook.name,
          description: webhook.description ?? null,
          url: webhook.url,
          events: [...webhook.events],
          status: webhook.status ?? 'ACTIVE',
          secret: webhook.secret === undefined ? null : box.seal(webhookId, webhook.secret),
          creation_time: now,
          last_update_time: now,
        })
        .execute();
      return await get(webhookId);
    },
    list: async ({ maxResults, pageToken }) => {
      const offset = readOffset(pageToken);
      const rows = await db
        .selectFrom('webhooks')
        .selectAll()
        .orderBy('creation_time', 'desc')
        .orderBy('webhook_id')
        .limit(maxResults + 1)
        .offset(offset)
        .execute();
      return {
        items: rows.slice(0, maxResults).map(toWebhook),
        nextPageToken: rows.length > maxResults ? String(offset + maxResults) : undefined,
      };
    },
    update: async (webhookId, change) => {
      const before = await get(webhookId);
      const after = { ...before, ...change };
      checkWebhook({ ...after, description: after.description ?? undefined });
      await db
        .updateTable('webhooks')
        .set({
          name: after.name,
          description: after.description,
          url: after.url,
          events: [...after.events],
          status: after.status,
          ...(change.secret !== undefined && { secret: box.seal(webhookId, change.secret) }),
          last_update_time: clock.nowMs(),
        })
        .where('webhook_id', '=', webhookId)
        .execute();
      return await get(webhookId);
    },
    delete: async (webhookId) => {
      await get(webhookId);
      await db.deleteFrom('webhooks').where('webhook_id', '=', webhookId).execute();
    },
    deliveries: async (webhookId, limit) => {
      await get(webhookId);
      const rows = await db
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('webhook_id', '=', webhookId)
        .orderBy('created_at', 'desc')
        .limit(limit)
        .execute();
      return rows.map((row) => ({
        deliveryId: row.delivery_id,
        event: row.event,
        status: row.status,
        attempts: row.attempts,
        nextAttemptAt: row.next_attempt_at,
        lastError: row.last_error,
        createdAt: row.created_at,
        endedAt: row.ended_at,
      }));
    },
    retryDead: async (webhookId) => {
      await get(webhookId);
      const { numUpdatedRows } = await db
        .updateTable('webhook_deliveries')
        .set({ status: 'waiting', attempts: 0, next_attempt_at: new Date(0), ended_at: null })
        .where('webhook_id', '=', webhookId)
        .where('status', '=', 'dead')
        .executeTakeFirst();
      await sql`SELECT pg_notify(${WEBHOOK_CHANNEL}, '')`.execute(db);
      return Number(numUpdatedRows);
    },
  };
}

function checkWebhook({ name, url, events, description, secret }: NewWebhook): void {
  if (!NAME.test(name))
    throw new AppError(
      'invalid-input',
      `Webhook name '${name.slice(0, 100)}' is invalid. It must start and end with a letter or digit, be less than 63 characters long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).`,
    );
  if (events.length === 0) throw new AppError('invalid-input', 'Webhook events cannot be empty');
  checkText('url', url, MAX_URL_CHARS);
  checkText('description', description ?? '', MAX_DESCRIPTION_CHARS);
  checkText('secret', secret ?? '', MAX_SECRET_CHARS);
}

function readOffset(pageToken: string | undefined): number {
  if (pageToken === undefined) return 0;
  if (/^\d{1,9}$/.test(pageToken)) return Number(pageToken);
  throw new AppError('invalid-input', `Invalid page token: '${pageToken.slice(0, 100)}'`);
}

function toWebhook(row: Selectable<Schema['webhooks']>): Webhook {
  return {
    webhookId: row.webhook_id,
    name: row.name,
    description: row.description,
    url: row.url,
    events: row.events as WebhookEvent[],
    status: row.status,
    creationTimeMs: row.creation_time,
    lastUpdateTimeMs: row.last_update_time,
  };
}
