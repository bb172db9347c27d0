/**
 * The five stages: what each job carries, what each stage leaves, and what comes after it. Queue, worker, handler map and
 * stored results are all typed from this table. Payloads carry ids, never data.
 */
import { z } from 'zod';
import { WORK_STAGES, type Config, type Stage } from '../core/config/index.ts';
import { assertNever } from '../core/errors.ts';

const runId = z.string().regex(/^[a-z0-9-]+$/);
const candidateName = z.string().regex(/^[a-z0-9-]+$/);
const count = z.int().min(0);
const metrics = z.record(z.string(), z.number());

const runPayload = z.object({ runId });
const candidatePayload = z.object({ runId, candidate: candidateName });

export const CATALOGUE = {
  'generate-data': {
    payload: runPayload,
    result: z.object({
      source: z.string(),
      /** Key of the accepted records in the artifact store. */
      rawKey: z.string(),
      rawSha256: z.string(),
      accepted: count,
      refused: count,
      /** Key of the refused rows with their reasons; '' when there are none. */
      refusedKey: z.string(),
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
  },
  'version-data': {
    payload: runPayload,
    result: z.object({
      datasetVersion: z.int().min(1),
      digest: z.string(),
      rows: z.object({ train: count, validation: count, holdout: count }),
    }),
  },
  'train-model': {
    payload: candidatePayload,
    result: z.object({
      trackingRunId: z.string(),
      /** Address of the model directory, `mlflow-artifacts:/...`. */
      modelUri: z.string(),
      validation: metrics,
    }),
  },
  'register-model': {
    payload: runPayload,
    result: z.object({
      decision: z.enum(['promote', 'refuse', 'pending-approval']),
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
  },
  'summarize-run': {
    payload: runPayload,
    result: z.object({ summaryKey: z.string(), reportKey: z.string() }),
  },
} as const satisfies Record<Stage, { payload: z.ZodType; result: z.ZodType }>;

export type StagePayload<S extends Stage> = z.infer<(typeof CATALOGUE)[S]['payload']>;
export type StageResult<S extends Stage> = z.infer<(typeof CATALOGUE)[S]['result']>;

/** The internal queue that the schedule feeds. */
export const START_RUN_QUEUE = 'start-run';

export const QUEUE_NAMES = [START_RUN_QUEUE, ...WORK_STAGES] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/** What a finished stage hands the run to: one stage, the fan-out into candidates, or nobody. */
export type NextStep =
  { kind: 'stage'; stage: Exclude<Stage, 'train-model'> } | { kind: 'training' } | { kind: 'none' };

export function nextStep(stage: Stage): NextStep {
  switch (stage) {
    case 'generate-data':
      return { kind: 'stage', stage: 'version-data' };
    case 'version-data':
      return { kind: 'training' };
    // BullMQ releases the parent, register-model, when the last of its children has ended.
    case 'train-model':
      return { kind: 'none' };
    case 'register-model':
      return { kind: 'stage', stage: 'summarize-run' };
    case 'summarize-run':
      return { kind: 'none' };
    default:
      return assertNever(stage);
  }
}

/** The last stage; its result closes the run. */
export const CLOSING_STAGE: Stage = 'summarize-run';

/** A failed candidate leaves the run to the others; any other stage that fails for good ends it. */
export function endsRunWhenFailed(stage: Stage): boolean {
  return stage !== 'train-model';
}

/** `<runId>.<stage>`, `<runId>.train-model.<candidate>`: adding the same job twice is ignored while the first is kept. */
export function jobId(id: string, stage: Stage, candidate = ''): string {
  return candidate === '' ? `${id}.${stage}` : `${id}.${stage}.${candidate}`;
}

export const BACKOFF_TYPE = 'capped-exponential';

/** Options that every stage's job is added with. */
export function jobOptions(queues: Config['queues']): {
  attempts: number;
  backoff: { type: string };
  removeOnComplete: { count: number };
  removeOnFail: { count: number };
} {
  return {
    attempts: queues.attempts,
    backoff: { type: BACKOFF_TYPE },
    removeOnComplete: { count: queues.keepCompleted },
    removeOnFail: { count: queues.keepFailed },
  };
}

/**
 * Delay before the next attempt: doubles with each failure up to the cap; a share of it is random.
 * @param failures attempts that have failed so far, from 1
 * @param random uniform in [0, 1)
 */
export function backoffDelayMs(queues: Config['queues'], failures: number, random: number): number {
  const full = Math.min(queues.backoffMs * 2 ** Math.max(0, failures - 1), queues.backoffMaxMs);
  return Math.round(full * (1 - queues.backoffJitter * random));
}
