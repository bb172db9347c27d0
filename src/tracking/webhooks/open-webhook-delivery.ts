/**
 * Empties the outbox. Any number of processes may: each takes deliveries for as long as one attempt may last,
 * and what a process that was killed had taken becomes due again. So everything is delivered at least once;
 * receivers know a repetition by its delivery id.
 */
import { sql } from 'kysely';
import { HOUR_MS, sleep, type Clock } from '../../core/clock.ts';
import type { Config } from '../../core/config/index.ts';
import { toError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { RELEASE_MS } from '../../core/resources.ts';
import { openListener, type Db } from '../../db/index.ts';
import { WEBHOOK_CHANNEL } from './outbox.ts';
import { createSecretBox, type SecretBox } from './secret-box.ts';
import { sendDelivery, type SendRules } from './send.ts';

const BATCH = 20;
/** Where NOTIFY does not arrive. */
const POLL_MS = 5000;
/** After a failure of the database itself. */
const PAUSE_MS = 1000;

export interface WebhookDeliveryOptions {
  db: Db;
  databaseUrl: string;
  config: Pick<Config, 'webhooks' | 'outbound'>;
  clock: Clock;
  log: Logger;
}

interface Claimed {
  delivery_id: string;
  webhook_id: string;
  attempts: number;
  payload: string;
  url: string;
  secret: string | null;
}

export function createSendRules({ webhooks, outbound }: Pick<Config, 'webhooks' | 'outbound'>): SendRules {
  return { allowHttp: webhooks.allowHttp, timeoutMs: webhooks.timeoutMs, destinations: outbound };
}

/** Delivers until it is closed; what is being sent then is let finish. */
export async function openWebhookDelivery(
  options: WebhookDeliveryOptions,
): Promise<{ close(): Promise<void>; closesWithinMs: number }> {
  const { db, clock, log, config } = options;
  const stopping = new AbortController();
  let wake = new AbortController();
  const listener = await openListener({
    url: options.databaseUrl,
    channel: WEBHOOK_CHANNEL,
    log,
    onNotify: () => wake.abort(),
  });

  const run = async (): Promise<void> => {
    let tidiedMs = 0;
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      const woken = AbortSignal.any([stopping.signal, wake.signal]);
      try {
        if ((await deliverDue(options)) > 0) continue;
        if (clock.nowMs() - tidiedMs > HOUR_MS) {
          await forgetEnded(db, config.webhooks.keepDays);
          tidiedMs = clock.nowMs();
        }
        await sleep(await untilNextMs(db), woken).catch(() => undefined);
      } catch (thrown) {
        log.warn({ err: toError(thrown) }, 'webhooks could not be delivered; it is tried again');
        await sleep(PAUSE_MS, stopping.signal).catch(() => undefined);
      }
    }
  };
  const running = run();
  return {
    // An attempt may wait for its receiver as long as the stack waits for what says nothing of its time.
    closesWithinMs: config.webhooks.timeoutMs + RELEASE_MS,
    close: async () => {
      stopping.abort();
      await listener.close();
      await running;
    },
  };
}

/** One attempt at each delivery that is due, up to a batch; how many there were. */
async function deliverDue(options: Omit<WebhookDeliveryOptions, 'databaseUrl'>): Promise<number> {
  const { db, config } = options;
  const claimed = await claim(db, config.webhooks.timeoutMs);
  const box = createSecretBox(config.webhooks.secretKey);
  await Promise.all(claimed.map((delivery) => attempt(delivery, box, options)));
  return claimed.length;
}

async function claim(db: Db, timeoutMs: number): Promise<Claimed[]> {
  const { rows } = await sql<Claimed>`
    WITH due AS MATERIALIZED (
      SELECT delivery_id, webhook_id, url, secret FROM webhook_deliveries AS delivery
      JOIN webhooks AS webhook USING (webhook_id)
      WHERE delivery.status = 'waiting' AND next_attempt_at <= now() AND webhook.status = 'ACTIVE'
      ORDER BY next_attempt_at LIMIT ${BATCH}
      FOR UPDATE OF delivery SKIP LOCKED
    )
    UPDATE webhook_deliveries AS delivery
    SET attempts = attempts + 1, next_attempt_at = now() + ${2 * timeoutMs} * interval '1 millisecond'
    FROM due WHERE delivery.delivery_id = due.delivery_id
    RETURNING delivery.delivery_id, delivery.webhook_id, attempts, payload, url, secret`.execute(db);
  return rows;
}

async function attempt(
  delivery: Claimed,
  box: SecretBox,
  { db, config, clock, log }: Omit<WebhookDeliveryOptions, 'databaseUrl'>,
): Promise<void> {
  const { delivery_id: deliveryId, webhook_id: webhookId, attempts, payload, url } = delivery;
  const send = async () => {
    const secret = delivery.secret === null ? undefined : box.open(webhookId, delivery.secret);
    const sending = { url, secret, deliveryId, payload };
    return await sendDelivery(sending, createSendRules(config), clock.nowMs());
  };
  const fault = await send().then(
    ({ status }) => (status >= 200 && status < 300 ? undefined : `the receiver answered ${status}`),
    (thrown: unknown) => describeFault(thrown),
  );
  const isDead = fault !== undefined && attempts >= config.webhooks.attempts;
  if (isDead) log.warn({ deliveryId, url, attempts, fault }, 'a webhook delivery is given up');
  const delayMs = retryDelayMs(config.webhooks, attempts, Math.random());
  // Of a delivery that was taken over meanwhile, the later attempt has the say; but what was delivered is
  // delivered.
  await sql`
    UPDATE webhook_deliveries
    SET status = ${fault === undefined ? 'delivered' : isDead ? 'dead' : 'waiting'},
      last_error = coalesce(${fault ?? null}, last_error),
      ended_at = ${fault === undefined || isDead ? sql`now()` : null},
      next_attempt_at = now() + ${delayMs} * interval '1 millisecond'
    WHERE delivery_id = ${deliveryId} AND status = 'waiting' AND (attempts = ${attempts} OR ${fault === undefined})`.execute(
    db,
  );
}

/** Doubles with each failure up to the cap; half of it is random, so that many do not come back at once. */
function retryDelayMs(
  { backoffMs, backoffMaxMs }: Pick<Config['webhooks'], 'backoffMs' | 'backoffMaxMs'>,
  failures: number,
  random: number,
): number {
  return Math.round(Math.min(backoffMaxMs, backoffMs * 2 ** (failures - 1)) * (0.5 + random / 2));
}

function describeFault(thrown: unknown): string {
  const error = toError(thrown);
  const reason =
    error.cause === undefined ? error.message : `${error.message}: ${toError(error.cause).message}`;
  return reason.slice(0, 500);
}

async function untilNextMs(db: Db): Promise<number> {
  const { rows } = await sql<{ ms: number | null }>`
    SELECT (1000 * extract(epoch FROM min(next_attempt_at) - now()))::double precision AS ms
    FROM webhook_deliveries AS delivery JOIN webhooks AS webhook USING (webhook_id)
    WHERE delivery.status = 'waiting' AND webhook.status = 'ACTIVE'`.execute(db);
  return Math.min(POLL_MS, Math.max(1, Math.ceil(rows[0]?.ms ?? POLL_MS)));
}

async function forgetEnded(db: Db, keepDays: number): Promise<void> {
  await sql`DELETE FROM webhook_deliveries WHERE ended_at < now() - ${keepDays} * interval '1 day'`.execute(
    db,
  );
}
