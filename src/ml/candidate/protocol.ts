/**
 * What the process that asks for a training and the child process that does it say to each other, each
 * message parsed on arrival. Parent: one `train`. Child: any number of `progress`, `steps`, `epoch` and
 * `log`, then `done` or `failed`.
 */
import { z } from 'zod';
import { ERROR_CODES } from '../../core/errors.ts';
import { PRECISIONS } from '../model-directory/index.ts';
import { datasetRefSchema, provenanceSchema } from '../provenance/index.ts';
import { recipeSchema } from '../recipes.ts';
import { metricsSchema } from '../scoring/index.ts';
import { epochReportSchema, stepMetricsSchema, stepReportSchema } from '../training/index.ts';

export const trainRequestSchema = z.object({
  recipe: recipeSchema,
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  /** CSV files of labelled rows (rows.ts). */
  trainFile: z.string().min(1),
  validationFile: z.string().min(1),
  /** DistilBERT directory, or a hub id. */
  base: z.string().min(1),
  /** Where hub models are kept. */
  cacheDirectory: z.string().min(1),
  /** Where they come from, when not from huggingface.co. */
  hubUrl: z.url().optional(),
  /** Becomes the model directory; must not exist. */
  outputDirectory: z.string().min(1),
  /**
   * Holds checkpoints; a training killed half way is resumed from what lies here. Removed when the training
   * is done.
   */
  workDirectory: z.string().min(1),
  /** ONNX Runtime threads; 0: all cores. */
  threads: z.int().min(0).max(256),
  /** For the record: where the rows come from. */
  dataset: datasetRefSchema.optional(),
});
export type TrainRequest = z.infer<typeof trainRequestSchema>;

/**
 * After each epoch, on the validation rows before calibration; `head` takes the shift of balanced classes out
 * first.
 */
const epochMetricsSchema = epochReportSchema.omit({ steps: true }).extend({
  validation: metricsSchema,
  /** The trainer's own loss on the validation rows. */
  validationLoss: z.number(),
  /** null for an epoch that an earlier process ran, before this one resumed. */
  durationMs: z.number().nullable(),
});
export type EpochMetrics = z.infer<typeof epochMetricsSchema>;

/** How far a training is; what a phase cannot say is left out. */
const trainProgressSchema = stepReportSchema.partial().extend({
  /** `refit`: the second training, on the validation rows too. */
  phase: z.enum(['encode', 'train', 'refit', 'export']),
  /** Of the phase, 0 to 1. */
  fraction: z.number(),
});
export type TrainProgress = z.infer<typeof trainProgressSchema>;

export const trainResultSchema = z.object({
  modelDirectory: z.string(),
  /** With every `auto` replaced by what was used. */
  recipe: recipeSchema,
  epochs: z.array(epochMetricsSchema),
  bestEpoch: z.int(),
  /**
   * In its serving precision, calibrated; where the recipe refits, of the model before it had seen these
   * rows.
   */
  validation: metricsSchema,
  temperature: z.number(),
  servePrecision: z.enum(PRECISIONS),
  provenance: provenanceSchema,
  durationMs: z.number(),
  peakRssBytes: z.number(),
  /** Settings and facts for the tracking run, flat. */
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type TrainResult = z.infer<typeof trainResultSchema>;

export const toChildSchema = z.object({
  kind: z.literal('train'),
  request: trainRequestSchema,
  /** `traceparent` of the span that it is part of; empty where nothing is traced. */
  trace: z.record(z.string(), z.string()).default({}),
});
export type ToChild = z.input<typeof toChildSchema>;

export const fromChildSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), progress: trainProgressSchema }),
  z.object({ kind: z.literal('epoch'), epoch: epochMetricsSchema }),
  z.object({ kind: z.literal('steps'), steps: z.array(stepMetricsSchema) }),
  z.object({
    kind: z.literal('log'),
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal('done'), result: trainResultSchema }),
  z.object({
    kind: z.literal('failed'),
    code: z.enum(ERROR_CODES),
    message: z.string(),
    stack: z.string(),
  }),
]);
export type FromChild = z.infer<typeof fromChildSchema>;
