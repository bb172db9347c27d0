import type { Migration } from '../migration.ts';

/**
 * What language models were asked, by day, writer, model, brand and job: tokens as counted, and their cost.
 */
export const writerUsageMigration: Migration = {
  name: '047-writer-usage',
  sql: `
CREATE TABLE writer_usage (
  day date NOT NULL,
  writer text NOT NULL,
  model text NOT NULL,
  brand text NOT NULL,
  job_id text NOT NULL,
  currency text NOT NULL,
  requests bigint NOT NULL,
  uncounted bigint NOT NULL,
  prompt_tokens bigint NOT NULL,
  cached_tokens bigint NOT NULL,
  completion_tokens bigint NOT NULL,
  cost numeric NOT NULL,
  PRIMARY KEY (day, writer, model, brand, job_id, currency)
);
CREATE INDEX writer_usage_by_job ON writer_usage (job_id) WHERE job_id <> '';
`,
};
