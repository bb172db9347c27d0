/**
 * One signed request to a receiver, as MLflow's webhooks send it (Standard Webhooks with headers of its own).
 */
import { createHmac } from 'node:crypto';
import { checkDestination, fetchWithin, type DestinationPolicy } from '../../core/outbound-policy.ts';
import { AppError } from '../../core/errors.ts';

const SIGNATURE_HEADER = 'X-MLflow-Signature';
const TIMESTAMP_HEADER = 'X-MLflow-Timestamp';
const DELIVERY_ID_HEADER = 'X-MLflow-Delivery-Id';
/** More of an answer is not read: nothing hangs on it. */
const MAX_ANSWER_BYTES = 10_000;

export interface SendRules {
  /** Plain http destinations as well. */
  allowHttp: boolean;
  timeoutMs: number;
  destinations: DestinationPolicy;
}

export interface Sending {
  url: string;
  /** Undefined: the delivery is not signed. */
  secret: string | undefined;
  deliveryId: string;
  payload: string;
}

export interface Answer {
  status: number;
  /** The beginning. */
  body: string;
}

/** `v1,<base64 of the HMAC-SHA256 of "id.timestamp.payload">`. */
function signDelivery(
  secret: string,
  delivery: { deliveryId: string; timestamp: string; payload: string },
): string {
  const { deliveryId, timestamp, payload } = delivery;
  const digest = createHmac('sha256', secret)
    .update(`${deliveryId}.${timestamp}.${payload}`)
    .digest('base64');
  return `v1,${digest}`;
}

/**
 * @throws AppError `invalid-input`, `forbidden` or `unavailable` for a URL that deliveries would not be sent
 *   to
 */
export async function checkWebhookUrl(url: string, rules: SendRules): Promise<void> {
  checkForm(url, rules);
  await checkDestination(url, rules.destinations);
}

/**
 * @throws AppError for a refused destination; what `fetch` throws when nothing answers in time. A redirect is
 *   an answer, and is not followed.
 */
export async function sendDelivery(sending: Sending, rules: SendRules, nowMs: number): Promise<Answer> {
  const { url, secret, deliveryId, payload } = sending;
  checkForm(url, rules);
  const timestamp = String(Math.floor(nowMs / 1000));
  const response = await fetchWithin(url, rules.destinations, {
    method: 'POST',
    redirect: 'manual',
    signal: AbortSignal.timeout(rules.timeoutMs),
    headers: {
      'content-type': 'application/json',
      [DELIVERY_ID_HEADER]: deliveryId,
      [TIMESTAMP_HEADER]: timestamp,
      ...(secret !== undefined && {
        [SIGNATURE_HEADER]: signDelivery(secret, { deliveryId, timestamp, payload }),
      }),
    },
    body: payload,
  });
  return { status: response.status, body: await readBeginning(response.body) };
}

function checkForm(url: string, { allowHttp }: SendRules): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const scheme = parsed?.protocol;
  if (parsed === undefined || (scheme !== 'https:' && !(allowHttp && scheme === 'http:')))
    throw new AppError(
      'invalid-input',
      `Invalid webhook URL ${JSON.stringify(url.slice(0, 200))}: an address that begins with ${allowHttp ? 'http:// or https://' : 'https:// is needed (webhooks.allowHttp takes http:// as well)'}`,
    );
  if (parsed.username !== '' || parsed.password !== '')
    throw new AppError('invalid-input', 'Invalid webhook URL: it must hold no user and no password');
}

async function readBeginning(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES).toString();
}
