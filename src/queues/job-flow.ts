/**
 * The steps of a prediction job as one typed table, beside the stages of a run: what each job of the queues carries and what each
 * step leaves.
 *
 * A job is a flow of bounded width: the split enqueues the first `shardsInFlight` shards, and a finished shard k enqueues shard
 * k + shardsInFlight; whoever finishes the last one enqueues the join. So a million rows never lie in a queue at once, and shards of
 * two jobs take turns. What is finished is known to PostgreSQL alone; ids derived from job and shard make enqueueing twice count once.
 */
import { z } from 'zod';
import type { JobStage } from '../core/config/index.ts';

const jobId = z.string().regex(/^[a-z0-9-]+$/);
const count = z.int().min(0);
const artifact = z.object({ key: z.string(), sha256: z.string(), sizeBytes: count });

export const JOB_STEPS = {
  'split-catalogue': {
    payload: z.object({ jobId }),
    result: z.object({
      /** Key of the folder of shards, `shardName` each. */
      inputFolder: z.string(),
      /** Rows to predict of every shard. */
      shardRows: z.array(count),
      rows: count,
      refused: count,
    }),
  },
  'predict-shard': {
    payload: z.object({ jobId, shard: count }),
    result: z.object({
      creatives: artifact,
      refusedRows: artifact,
      rows: count,
      refused: count,
    }),
  },
  'join-shards': {
    payload: z.object({ jobId }),
    result: z.object({
      output: artifact,
      refusedRows: artifact,
      rows: count,
      /** Of the whole job; the step itself refuses none. */
      refusedTotal: count,
      refused: z.literal(0),
    }),
  },
} as const satisfies Record<JobStage, { payload: z.ZodType; result: z.ZodType }>;

export type StepPayload<S extends JobStage> = z.infer<(typeof JOB_STEPS)[S]['payload']>;
export type StepResult<S extends JobStage> = z.infer<(typeof JOB_STEPS)[S]['result']>;
export type JobOutput = StepResult<'join-shards'>;

/** In place of a shard's number, for the steps that a job has once. */
export const NO_SHARD = -1;

export interface StepKey {
  jobId: string;
  stage: JobStage;
  shard: number;
}

/** `<job>.split-catalogue`, `<job>.predict-shard.<shard>`. */
export function stepJobId({ jobId, stage, shard }: StepKey): string {
  return shard === NO_SHARD ? `${jobId}.${stage}` : `${jobId}.${stage}.${shard}`;
}

export function describeStep({ jobId, stage, shard }: StepKey): string {
  return `${stage}${shard === NO_SHARD ? '' : ` ${shard}`} of job ${jobId}`;
}

/** Everything of a job lies below this folder of the artifact store. */
export function jobFolder(id: string): string {
  return `jobs/${id}`;
}

/** What only the work needs; deleted once the job has succeeded or was cancelled. */
export function jobWorkFolder(id: string): string {
  return `${jobFolder(id)}/work`;
}

export function shardName(shard: number): string {
  return String(shard).padStart(7, '0');
}
