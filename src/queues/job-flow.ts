/**
 * A prediction job: a catalogue is cut into shards, each is predicted, and all are joined in the order of the
 * catalogue.
 */
import { z } from 'zod';
import { MINUTE_MS } from '../core/clock.ts';
import type { CatalogueSource } from '../data/index.ts';
import { defineFlow, type PayloadOf, type StageName } from './flow.ts';
import { predictOptionsSchema, type PredictJobOptions } from './job-options.ts';

const jobId = z.string().regex(/^[a-z0-9-]+$/);
const count = z.int().min(0);
const artifact = z.object({ key: z.string(), sha256: z.string(), sizeBytes: count });
const single = z.object({ jobId });
const part = z.object({ jobId, shard: z.coerce.number().int().min(0) });

/** A prediction job as its stages see it. */
export interface JobOwner {
  id: string;
  source: CatalogueSource;
  options: PredictJobOptions;
  /** The version that was champion when the job began. */
  model: { name: string; version: number };
  /** null until the catalogue is split. */
  shards: number | null;
}

/** Digits of a shard's number in its artifact's name. */
const SHARD_DIGITS = 7;

export const JOB = defineFlow({
  name: 'job',
  payload: { single, part },
  fields: { owner: 'jobId', part: 'shard' },
  tables: {
    owners: 'prediction_jobs',
    states: 'prediction_job_steps',
    owner: 'job_id',
    part: 'shard',
    noPart: '-1',
    attempts: null,
    onBegin: ', rows_done = 0, started_at = clock_timestamp()',
    onCommit: `, rows_done = rows, refused = coalesce(($5::jsonb ->> 'refused')::int, 0)`,
    onEnd: '',
    onClose: ', output = $5::jsonb',
    onProgress: `rows_done = ($5::jsonb ->> 'done')::int`,
  },
  remedy: 'resume the job',
  options: predictOptionsSchema,
  toOwner: (row, options): JobOwner => ({
    id: String(row['id']),
    source: row['source'] as CatalogueSource,
    options: options as PredictJobOptions,
    model: { name: String(row['model_name']), version: Number(row['model_version']) },
    shards: row['shards'] as number | null,
  }),
  stages: {
    'split-catalogue': {
      result: z.object({
        /** Key of the folder of shards, `shardName` each. */
        inputFolder: z.string(),
        /** Rows to predict of every shard. */
        shardRows: z.array(count),
        rows: count,
        refused: count,
        /** Key of what a job that explores draws by; null for the others. */
        policyKey: z.string().nullable().default(null),
      }),
      after: [],
      timeoutMs: 120 * MINUTE_MS,
      // The shards are made with the result: none of them can begin before, and a repeated split makes none
      // twice.
      alsoCommits: `owner AS (
  UPDATE prediction_jobs
  SET shards = jsonb_array_length($5::jsonb -> 'shardRows'), rows_total = ($5::jsonb ->> 'rows')::bigint
  WHERE id = $1 AND EXISTS (SELECT FROM state)
), made AS (
  INSERT INTO prediction_job_steps (job_id, stage, shard, status, rows, input)
  SELECT $1, 'predict-shard', ordinality - 1, 'waiting', rows::int,
         ($5::jsonb ->> 'inputFolder') || '/' || lpad((ordinality - 1)::text, greatest(${SHARD_DIGITS}, length((ordinality - 1)::text)), '0')
  FROM jsonb_array_elements_text($5::jsonb -> 'shardRows') WITH ORDINALITY AS shard (rows, ordinality)
  WHERE EXISTS (SELECT FROM state)
  ON CONFLICT (job_id, stage, shard) DO NOTHING
)`,
    },
    'predict-shard': {
      result: z.object({
        creatives: artifact,
        refusedRows: artifact,
        rows: count,
        refused: count,
      }),
      after: ['split-catalogue'],
      each: ({ shards }) => shards,
      window: ({ options }) => options.shardsInFlight,
      timeoutMs: 60 * MINUTE_MS,
    },
    'join-shards': {
      result: z.object({
        output: artifact,
        refusedRows: artifact,
        rows: count,
        /** Of the whole job; the stage itself refuses none. */
        refusedTotal: count,
        refused: z.literal(0),
      }),
      after: ['predict-shard'],
      closes: true,
      timeoutMs: 120 * MINUTE_MS,
    },
  },
});

export type JobStage = StageName<typeof JOB>;
export type JobPayload<S extends JobStage> = PayloadOf<typeof JOB, S, typeof single, typeof part>;
export type JobOutput = z.infer<(typeof JOB.stages)['join-shards']['result']>;

/** Everything of a job lies below this folder of the artifact store. */
export function jobFolder(id: string): string {
  return `jobs/${id}`;
}

/** What only the work needs; deleted once the job has succeeded or was cancelled. */
export function jobWorkFolder(id: string): string {
  return `${jobFolder(id)}/work`;
}

export function shardName(shard: number): string {
  return String(shard).padStart(SHARD_DIGITS, '0');
}
