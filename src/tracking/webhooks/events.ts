/**
 * What webhooks are told of, in MLflow's words (its webhooks of 3.x): an entity, an action, and what `data`
 * holds for each.
 */
export const WEBHOOK_EVENTS = [
  'registered_model.created',
  'model_version.created',
  'model_version_tag.set',
  'model_version_tag.deleted',
  'model_version_alias.created',
  'model_version_alias.deleted',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Versions are texts, as everywhere in MLflow's protocol. */
export interface WebhookData {
  'registered_model.created': {
    name: string;
    tags: Readonly<Record<string, string>>;
    description: string | null;
  };
  'model_version.created': {
    name: string;
    version: string;
    source: string;
    run_id: string | null;
    tags: Readonly<Record<string, string>>;
    description: string | null;
  };
  'model_version_tag.set': { name: string; version: string; key: string; value: string };
  'model_version_tag.deleted': { name: string; version: string; key: string };
  'model_version_alias.created': { name: string; alias: string; version: string };
  'model_version_alias.deleted': { name: string; alias: string };
}

/** What a test delivery carries. */
export const EXAMPLE_DATA: WebhookData = {
  'registered_model.created': {
    name: 'example_model',
    tags: { example_key: 'example_value' },
    description: 'An example registered model',
  },
  'model_version.created': {
    name: 'example_model',
    version: '1',
    source: 'models:/123',
    run_id: 'abcd1234abcd5678',
    tags: { example_key: 'example_value' },
    description: 'An example model version',
  },
  'model_version_tag.set': {
    name: 'example_model',
    version: '1',
    key: 'example_key',
    value: 'example_value',
  },
  'model_version_tag.deleted': { name: 'example_model', version: '1', key: 'example_key' },
  'model_version_alias.created': { name: 'example_model', alias: 'example_alias', version: '1' },
  'model_version_alias.deleted': { name: 'example_model', alias: 'example_alias' },
};

/** The body of a delivery. */
export function renderPayload<E extends WebhookEvent>(event: E, data: WebhookData[E], at: Date): string {
  const [entity, action] = event.split('.');
  // Python before 3.11 reads no time that ends in Z.
  const timestamp = at.toISOString().replace('Z', '+00:00');
  return JSON.stringify({ entity, action, timestamp, data });
}
