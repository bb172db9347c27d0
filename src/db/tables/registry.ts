/** Tables of migration 005-registry; the registry itself is MLflow's and stands in tracking.ts. */
import type { Generated } from 'kysely';

export interface RegistryTables {
  webhooks: WebhooksTable;
  webhook_deliveries: WebhookDeliveriesTable;
  frozen_holdouts: FrozenHoldoutsTable;
}

export interface WebhooksTable {
  webhook_id: string;
  name: string;
  description: string | null;
  url: string;
  events: string[];
  status: Generated<'ACTIVE' | 'DISABLED'>;
  /** Signs the deliveries; never shown. */
  secret: string | null;
  /** Milliseconds since 1970, as MLflow's are. */
  creation_time: number;
  last_update_time: number;
}

export interface WebhookDeliveriesTable {
  delivery_id: string;
  webhook_id: string;
  event: string;
  payload: string;
  status: Generated<'waiting' | 'delivered' | 'dead'>;
  attempts: Generated<number>;
  next_attempt_at: Generated<Date>;
  last_error: string | null;
  created_at: Generated<Date>;
  ended_at: Date | null;
}

export interface FrozenHoldoutsTable {
  model_name: string;
  fraction: number;
  /** The run whose gate judged on it first; null where it was known before there was this table. */
  pipeline_run_id: string | null;
  frozen_at: Generated<Date>;
}
