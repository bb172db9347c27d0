/** A run: one pass through the pipeline. */
import { z } from 'zod';
import { MINUTE_MS } from '../core/clock.ts';
import type { RunTrigger } from '../db/index.ts';
import { defineFlow, type PayloadOf, type StageName } from './flow.ts';
import { runOptionsSchema, type RunOptions } from './run-options.ts';

const id = z.string().regex(/^[a-z0-9-]+$/);
const count = z.int().min(0);
/** Why the stage took over what there was already; absent where it did its work. */
const skipped = z.string().optional();
const metrics = z.record(z.string(), z.number());
const single = z.object({ runId: id });
const part = z.object({ runId: id, candidate: id });

/** A run as its stages see it. */
export interface RunOwner {
  id: string;
  number: number;
  trigger: RunTrigger;
  options: RunOptions;
}

export const RUN = defineFlow({
  name: 'run',
  payload: { single, part },
  fields: { owner: 'runId', part: 'candidate' },
  tables: {
    owners: 'pipeline_runs',
    states: 'stage_states',
    owner: 'run_id',
    part: 'candidate',
    noPart: '',
    attempts: 'stage_attempts',
    onBegin: ', progress = NULL',
    onCommit: ', progress = NULL',
    onEnd: ', progress = NULL',
    onClose: '',
    onProgress: `progress = $5::jsonb - 'done'`,
  },
  remedy: 'replay the run',
  options: runOptionsSchema,
  toOwner: (row, options): RunOwner => ({
    id: String(row['id']),
    number: Number(row['number']),
    trigger: row['trigger'] as RunTrigger,
    options: options as RunOptions,
  }),
  stages: {
    'generate-data': {
      result: z.object({
        source: z.string(),
        /** Key of the accepted records in the artifact store. */
        rawKey: z.string(),
        rawSha256: z.string(),
        accepted: count,
        refused: count,
        /** Key of the refused rows with their reasons; '' when there are none. */
        refusedKey: z.string(),
        unrated: count.optional(),
        ignored: count.optional(),
        /** Whether an id occurs more than once: its rows are of one product. */
        repeatsIds: z.boolean().optional(),
        recognised: z.string().optional(),
        /** Best possible accuracy, known for synthetic records alone. */
        bayes: z
          .object({
            accuracy: z.number(),
            majorityAccuracy: z.number(),
            positiveShare: z.number(),
            threshold: z.number(),
          })
          .nullable(),
      }),
      after: [],
      timeoutMs: 30 * MINUTE_MS,
    },
    'version-data': {
      result: z.object({
        datasetVersion: z.int().min(1),
        digest: z.string(),
        rows: z.object({ train: count, validation: count, holdout: count }),
        skipped,
      }),
      after: ['generate-data'],
      timeoutMs: 30 * MINUTE_MS,
    },
    'train-model': {
      result: z.object({
        trackingRunId: z.string(),
        /** Address of the model directory, `mlflow-artifacts:/...`. */
        modelUri: z.string(),
        validation: metrics,
        skipped,
      }),
      after: ['version-data'],
      each: ({ options }) => options.candidates.map(({ name }) => name),
      mayFail: true,
      timeoutMs: 12 * 60 * MINUTE_MS,
    },
    'register-model': {
      result: z.object({
        decision: z.enum(['promote', 'refuse', 'pending-approval', 'canary']),
        reasons: z.array(z.string()),
        candidate: z.string(),
        trackingRunId: z.string(),
        modelName: z.string(),
        /** null when the candidate was refused. */
        modelVersion: z.int().nullable(),
        /** Keys of the comparison as JSON and as a page. */
        comparisonKey: z.string(),
        reportKey: z.string(),
      }),
      after: ['train-model'],
      timeoutMs: 30 * MINUTE_MS,
    },
    'summarize-run': {
      result: z.object({ summaryKey: z.string(), reportKey: z.string() }),
      after: ['register-model'],
      closes: true,
      timeoutMs: 5 * MINUTE_MS,
    },
  },
});

export type RunStage = StageName<typeof RUN>;
export type RunPayload<S extends RunStage> = PayloadOf<typeof RUN, S, typeof single, typeof part>;
