import type { Migration } from '../migration.ts';

/**
 * Versions that won the gate and take a share of the traffic until what they earn settles it: one at a time
 * for a model, the others wait.
 */
export const canariesMigration: Migration = {
  name: '036-canaries',
  sql: `
    CREATE TABLE canaries (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      model_name text NOT NULL,
      version integer NOT NULL,
      -- The version that the gate compared it with: evidence against another one says nothing.
      champion integer NOT NULL,
      status text NOT NULL DEFAULT 'waiting' CHECK (status IN
        ('waiting', 'running', 'settling', 'promoted', 'rolled-back', 'out-of-budget', 'stopped', 'superseded')),
      -- What settling leads to: decided once, then carried out, again after a crash.
      outcome text CHECK (outcome IN ('promoted', 'rolled-back', 'out-of-budget', 'stopped')),
      rules jsonb NOT NULL,
      evidence jsonb,
      reason text NOT NULL,
      settled_by text,
      pipeline_run_id text,
      created_at timestamptz NOT NULL DEFAULT now(),
      started_at timestamptz,
      ended_at timestamptz,
      UNIQUE (model_name, version),
      CHECK ((status = 'settling') <= (outcome IS NOT NULL))
    );
    CREATE UNIQUE INDEX canaries_running ON canaries (model_name) WHERE status IN ('running', 'settling');
  `,
};
