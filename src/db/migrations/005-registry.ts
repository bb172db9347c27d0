import type { Migration } from '../migration.ts';

export const registryMigration: Migration = {
  name: '005-registry',
  sql: `
    -- Keys that were made before there were roles keep what they could do, but for moving the champion.
    ALTER TABLE api_keys ADD COLUMN role text NOT NULL DEFAULT 'writer' CHECK (role IN ('reader', 'writer', 'admin'));
    ALTER TABLE api_keys ALTER COLUMN role DROP DEFAULT;

    CREATE TABLE webhooks (
      webhook_id text PRIMARY KEY,
      name text NOT NULL,
      description text,
      url text NOT NULL,
      -- entity.action, as in model_version_alias.created.
      events text[] NOT NULL CHECK (cardinality(events) > 0),
      status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE', 'DISABLED')),
      secret text,
      creation_time bigint NOT NULL,
      last_update_time bigint NOT NULL
    );

    -- The outbox: a row is written in the transaction of the change that it tells of.
    CREATE TABLE webhook_deliveries (
      delivery_id text PRIMARY KEY,
      webhook_id text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
      event text NOT NULL,
      -- The body as it is sent, byte for byte: the signature is over it.
      payload text NOT NULL,
      status text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'delivered', 'dead')),
      attempts integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL DEFAULT now(),
      last_error text,
      created_at timestamptz NOT NULL DEFAULT now(),
      ended_at timestamptz
    );
    CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'waiting';
    CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at DESC);
    CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at) WHERE ended_at IS NOT NULL;

    -- Rows whose content hash falls below the fraction are held out of every training of the model. It never shrinks.
    CREATE TABLE frozen_holdouts (
      model_name text PRIMARY KEY,
      fraction double precision NOT NULL CHECK (fraction > 0 AND fraction < 1),
      pipeline_run_id text,
      frozen_at timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO frozen_holdouts (model_name, fraction)
    SELECT tag.name, max((dataset.manifest #>> '{splitRule,holdoutFraction}')::double precision)
    FROM model_version_tags AS tag
    JOIN dataset_versions AS dataset ON dataset.version::text = tag.value
    WHERE tag.key = 'copyloop.dataset'
    GROUP BY tag.name;
  `,
};
