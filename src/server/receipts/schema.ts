/**
 * What a receipt says. Every link of the chain is either there with its hashes and times, or missing with the
 * cause.
 */
import { z } from '@hono/zod-openapi';
import { authorSchema } from '../predictions/index.ts';

/**
 * `erased` on request; `not-sampled` by serving.predictionSampleRate; `deleted` since; `not-recorded` where
 * nothing was ever written down; `unknown` where nothing is left that could tell.
 */
const MISSING_CAUSES = ['erased', 'not-sampled', 'deleted', 'not-recorded', 'unknown'] as const;

const missingSchema = z
  .object({ status: z.literal('missing'), cause: z.enum(MISSING_CAUSES), message: z.string() })
  .openapi('MissingLink');
export type MissingLink = z.infer<typeof missingSchema>;

const time = z.iso.datetime();
const link = <T extends z.ZodRawShape>(shape: T) =>
  z.discriminatedUnion('status', [z.object({ status: z.literal('found'), ...shape }), missingSchema]);

const datasetShape = {
  version: z.int(),
  digest: z.string(),
  rows: z.int(),
  created_at: time,
  pipeline_run: z.string(),
};
const modelScore = z.object({ name: z.string(), accuracy: z.number() });

export const receiptSchema = z.object({
  /** null for a receipt of a model version. */
  prediction: link({
    id: z.string(),
    created_at: time,
    title: z.string(),
    ad_copy: z.string(),
    confidence_score: z.number(),
    writer: z.string(),
    /** Whose voice and rules the texts keep; null where none was named. */
    brand: z.object({ name: z.string(), version: z.int() }).nullable(),
    /** What language models did for the answer; empty where templates wrote all of it. */
    authors: z.array(authorSchema),
    request_id: z.string(),
    /** The alias by which the model was reached. */
    served_as: z.string().nullable(),
    /** Of the stored answer. */
    response_sha256: z.string(),
  }).nullable(),
  model_version: link({
    name: z.string(),
    version: z.int(),
    registered_at: time,
    source: z.string(),
    weights_sha256: z.string().nullable(),
    /** Held at the time of the prediction, or now for a receipt of a model version. */
    aliases: z.array(z.object({ alias: z.string(), since: time, moved_by: z.string(), reason: z.string() })),
  }),
  tracking_run: link({
    run_id: z.string(),
    run_status: z.string(),
    is_deleted: z.boolean(),
    started_at: time,
    ended_at: time.nullable(),
    recipe: z.string().nullable(),
    seed: z.int().nullable(),
    source_commit: z.string().nullable(),
    base_sha256: z.string().nullable(),
    weights_sha256: z.string().nullable(),
  }),
  dataset: link({
    ...datasetShape,
    source: z.string(),
    splits: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
    /** The versions that it was made from, nearest first. */
    parents: z.array(link(datasetShape)),
  }),
  gate: link({
    decision: z.string(),
    reasons: z.array(z.string()),
    held_out_rows: z.int(),
    gain: z.number(),
    challenger: modelScore,
    baseline: modelScore,
    report_key: z.string(),
    report_sha256: z.string(),
  }),
  pipeline_run: link({
    id: z.string(),
    number: z.int(),
    run_status: z.string(),
    /** What started it. */
    trigger: z.string(),
    scheduled_for: time.nullable(),
    replay_of: z.string().nullable(),
    created_at: time,
    finished_at: time.nullable(),
  }),
});
export type Receipt = z.infer<typeof receiptSchema>;

export function missing(cause: MissingLink['cause'], message: string): MissingLink {
  return { status: 'missing', cause, message };
}
