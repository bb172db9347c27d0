/**
 * What a training of all weights is given and what it tells: the types that others share with it, each said
 * once.
 */
import { z } from 'zod';
import type { DistilBertConfig, Weights } from '../models/index.ts';
import { metricsSchema } from '../scoring/index.ts';
import type { TrainingSettings } from './settings.ts';

/** Tokenised rows; the three lists are equally long. */
export interface TokenRows {
  /** Token ids with [CLS] and [SEP], not padded. */
  readonly inputIds: readonly (readonly number[])[];
  /** Class numbers. */
  readonly labels: readonly number[];
  /** How much each row counts; every one alike when absent. */
  readonly weights?: readonly number[];
}

/** All that a training of every weight is given. */
export interface FullTraining {
  readonly config: DistilBertConfig;
  /**
   * The encoder's, and the head's where there is one: a missing head is drawn from the seed. Asked for at the
   * start and at the end, the same both times, so that they need not be held in between.
   */
  readonly readWeights: () => Promise<Weights>;
  readonly train: TokenRows;
  readonly validation: TokenRows | null;
  readonly settings: TrainingSettings;
  readonly seed: number;
  /** Where to save the state every so many steps, and to look for it at the start; null: nowhere. */
  readonly checkpointDirectory?: string | null;
  /** Threads of ONNX Runtime; default 2. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  onStep?(report: StepReport): void;
  onEpoch?(report: EpochReport): void;
}

export interface TrainedModel {
  /** Of the selected epoch, see `isAtLeastAsGood`; of the last one when nothing was validated. */
  readonly weights: Weights;
  readonly epochs: readonly EpochReport[];
  readonly bestEpoch: number;
  readonly stepsRun: number;
}

/** One step of the optimiser. */
export const stepMetricsSchema = z.object({
  /** Counted from 1. */
  step: z.int(),
  /** Of the step's rows. */
  loss: z.number(),
  learningRate: z.number(),
});
export type StepMetrics = z.infer<typeof stepMetricsSchema>;

/** A step and how fast the training goes: means over the last steps. */
export const stepReportSchema = stepMetricsSchema.extend({
  /** Of the whole training. */
  steps: z.int(),
  /** Counted from 1. */
  epoch: z.int(),
  gradientNorm: z.number(),
  stepsPerSecond: z.number(),
  /** Padding included: what is computed. */
  tokensPerSecond: z.number(),
  /** Expected time to the last step, if no epoch is spared by early stopping. */
  remainingMs: z.number(),
});
export type StepReport = z.infer<typeof stepReportSchema>;

export const epochReportSchema = z.object({
  /** Counted from 1. */
  epoch: z.int(),
  /** Steps of the optimiser so far. */
  steps: z.int(),
  trainLoss: z.number(),
  /** Null when there are no validation rows. */
  validation: metricsSchema.nullable(),
});
export type EpochReport = z.infer<typeof epochReportSchema>;
