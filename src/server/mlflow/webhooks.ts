import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError, toAppError } from '../../core/errors.ts';
import {
  checkWebhookUrl,
  EXAMPLE_DATA,
  renderPayload,
  sendDelivery,
  WEBHOOK_EVENTS,
  WEBHOOK_STATUSES,
  type Webhook,
  type WebhookEvent,
} from '../../tracking/index.ts';
import { route, type RouteContext } from './route.ts';
import { choice, list, optionalInt, optionalText, requiredText, unlessEmpty } from './wire.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1000;

const ENTITIES = [
  'REGISTERED_MODEL',
  'MODEL_VERSION',
  'MODEL_VERSION_TAG',
  'MODEL_VERSION_ALIAS',
  'PROMPT',
  'PROMPT_VERSION',
  'PROMPT_TAG',
  'PROMPT_VERSION_TAG',
  'PROMPT_ALIAS',
  'BUDGET_POLICY',
] as const;
const ACTIONS = ['CREATED', 'UPDATED', 'DELETED', 'SET', 'EXCEEDED'] as const;
const event = z.object({
  entity: choice(
    ENTITIES,
    ENTITIES.map((_, at) => at + 1),
  ),
  action: choice(
    ACTIONS,
    ACTIONS.map((_, at) => at + 1),
  ),
});
const status = choice(WEBHOOK_STATUSES, [1, 2]);
const webhookId = z.object({ webhook_id: requiredText });

export const webhookRoutes = [
  route(
    'POST webhooks',
    z.object({
      name: requiredText,
      url: requiredText,
      events: list(event),
      description: optionalText,
      secret: optionalText,
      status,
    }),
    async (input, { webhooks: { store, rules, trackedBy } }) => {
      if (trackedBy)
        throw new AppError(
          'unsupported',
          'the registry is kept by the MLflow server that tracking.uri names, and copyloop hears nothing of its changes: make the webhook there',
        );
      await checkWebhookUrl(input.url, rules);
      const webhook = await store.create({
        name: input.name,
        url: input.url,
        events: input.events.map(toEvent),
        description: input.description === '' ? undefined : input.description,
        secret: input.secret === '' ? undefined : input.secret,
        status: input.status,
      });
      return { webhook: renderWebhook(webhook) };
    },
  ),
  route(
    'GET webhooks',
    z.object({ max_results: optionalInt, page_token: optionalText }),
    async (input, { webhooks: { store } }) => {
      const maxResults = input.max_results ?? DEFAULT_PAGE;
      if (maxResults < 1 || maxResults > MAX_PAGE)
        throw new AppError(
          'invalid-input',
          `Invalid value ${maxResults} for parameter 'max_results': it must be from 1 to ${MAX_PAGE}.`,
        );
      const page = await store.list({ maxResults, pageToken: input.page_token || undefined });
      return {
        webhooks: unlessEmpty(page.items.map(renderWebhook)),
        next_page_token: page.nextPageToken,
      };
    },
  ),
  route('GET webhooks/:webhook_id', webhookId, async ({ webhook_id: id }, { webhooks: { store } }) => ({
    webhook: renderWebhook(await store.get(id)),
  })),
  route(
    'PATCH webhooks/:webhook_id',
    webhookId.extend({
      name: optionalText,
      url: optionalText,
      events: list(event),
      description: optionalText,
      secret: optionalText,
      status,
    }),
    async (input, { webhooks: { store, rules } }) => {
      const { name, url, description, secret } = input;
      if (url) await checkWebhookUrl(url, rules);
      const webhook = await store.update(input.webhook_id, {
        ...(name && { name }),
        ...(url && { url }),
        ...(input.events.length > 0 && { events: input.events.map(toEvent) }),
        ...(description !== undefined && { description }),
        ...(secret !== undefined && { secret }),
        ...(input.status !== undefined && { status: input.status }),
      });
      return { webhook: renderWebhook(webhook) };
    },
  ),
  route(
    'DELETE webhooks/:webhook_id',
    webhookId,
    async ({ webhook_id: id }, { webhooks: { store } }) => await store.delete(id),
  ),
  route(
    'POST webhooks/:webhook_id/test',
    webhookId.extend({ event: event.nullish() }),
    async (input, { webhooks }) => ({
      result: await testWebhook(input.webhook_id, input.event ?? undefined, webhooks),
    }),
  ),
];

/** Sends an example at once, past the outbox; a receiver that fails is a result, not an error. */
async function testWebhook(
  id: string,
  asked: z.output<typeof event> | undefined,
  { store, rules }: RouteContext['webhooks'],
) {
  const webhook = await store.get(id);
  const tested = asked === undefined ? webhook.events[0] : toEvent(asked);
  if (tested === undefined) throw new AppError('internal', `webhook ${id} has no events`);
  const now = new Date();
  const payload = renderPayload(tested, EXAMPLE_DATA[tested], now);
  try {
    const secret = await store.secretOf(id);
    const sending = { url: webhook.url, secret: secret || undefined, deliveryId: randomUUID(), payload };
    const answer = await sendDelivery(sending, rules, now.getTime());
    return {
      success: answer.status >= 200 && answer.status < 300,
      response_status: answer.status,
      response_body: answer.body,
    };
  } catch (thrown) {
    return { success: false, error_message: `Failed to test webhook: ${toAppError(thrown).message}` };
  }
}

function toEvent({ entity, action }: z.output<typeof event>): WebhookEvent {
  const name = `${entity ?? 'unspecified'}.${action ?? 'unspecified'}`.toLowerCase();
  const known = WEBHOOK_EVENTS.find((one) => one === name);
  if (known === undefined)
    throw new AppError(
      'invalid-input',
      `Invalid webhook event '${name}'. copyloop tells of ${WEBHOOK_EVENTS.join(', ')}.`,
    );
  return known;
}

function renderWebhook(webhook: Webhook) {
  return {
    webhook_id: webhook.webhookId,
    name: webhook.name,
    description: webhook.description ?? undefined,
    url: webhook.url,
    events: webhook.events.map((one) => {
      const [entity = '', action = ''] = one.toUpperCase().split('.');
      return { entity, action };
    }),
    status: webhook.status,
    creation_timestamp: webhook.creationTimeMs,
    last_updated_timestamp: webhook.lastUpdateTimeMs,
  };
}
