/**
 * The outbox: what webhooks are to be told is written with the change itself, so that neither is ever there
 * without the other.
 */
import { sql } from 'kysely';
import { systemClock } from '../../core/clock.ts';
import type { DbTransaction } from '../../db/index.ts';
import { renderPayload, type WebhookData, type WebhookEvent } from './events.ts';

/** NOTIFY channel without a payload: something waits to be delivered. */
export const WEBHOOK_CHANNEL = 'copyloop_webhook';

/**
 * One delivery for each active webhook that asked for the event. Prompts are kept as models, and their events
 * are others, which nobody is told.
 */
export async function recordEvent<E extends WebhookEvent>(
  trx: DbTransaction,
  event: E,
  data: WebhookData[E],
): Promise<void> {
  const { numAffectedRows = 0n } = await sql`
    INSERT INTO webhook_deliveries (delivery_id, webhook_id, event, payload)
    SELECT gen_random_uuid()::text, webhook_id, ${event}, ${renderPayload(event, data, systemClock.now())}
    FROM webhooks
    WHERE status = 'ACTIVE' AND ${event} = ANY(events) AND NOT EXISTS (
      SELECT FROM registered_model_tags
      WHERE name = ${data.name} AND key = 'mlflow.prompt.is_prompt' AND value = 'true'
    )`.execute(trx);
  if (numAffectedRows > 0n) await sql`SELECT pg_notify(${WEBHOOK_CHANNEL}, '')`.execute(trx);
}
