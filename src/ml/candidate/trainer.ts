/** What every trainer takes and gives, whichever recipe it follows. */
import type { BaseModel } from '../base/index.ts';
import { computeMetrics, sigmoid, type ClassificationMetrics } from '../scoring/index.ts';
import type { Weights } from '../models/index.ts';
import type { Recipe } from '../recipes.ts';
import type { TextTokenizer } from '../text/index.ts';
import { weighClasses, type StepMetrics } from '../training/index.ts';
import type { EpochMetrics, TrainProgress } from './protocol.ts';

/** Texts with their labels, as a trainer reads them. */
export interface LabelledTexts {
  texts: readonly string[];
  labels: readonly (0 | 1)[];
  weights: readonly number[];
  /** The field of each text that is one of a creative. */
  fields?: readonly (string | undefined)[];
}

/** What a trainer tells the log; a pino logger is one. */
export interface TrainLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface TrainerContext {
  base: BaseModel;
  tokenizer: TextTokenizer;
  train: LabelledTexts;
  validation: LabelledTexts;
  recipe: Recipe;
  seed: number;
  /** ONNX Runtime threads. */
  threads: number;
  /** Where checkpoints lie; what a killed training left there is resumed. */
  workDirectory: string;
  signal: AbortSignal;
  onProgress: (progress: TrainProgress) => void;
  onEpoch: (metrics: EpochMetrics) => void;
  onStep: (metrics: StepMetrics) => void;
  log: TrainLog;
}

/** Weights as a training left them, not yet calibrated. */
export interface RawClassifier {
  /** Every weight of the classifier under Hugging Face's names. */
  weights: Weights;
  /** What balanced class weights added to every margin: log(weight of positives / weight of negatives). */
  priorShift: number;
}

/** The best epoch's classifier: it has not learnt from the validation rows, so they may judge it. */
export interface Trained extends RawClassifier {
  /**
   * Trains what is written in its place, on the validation rows as well; null: the judged classifier is
   * written.
   */
  refit: (() => Promise<RawClassifier>) | null;
  /** All of them, also those run before a resumption. */
  epochs: EpochMetrics[];
  /** From 1. */
  bestEpoch: number;
  /** The recipe with every `auto` replaced by what was used. */
  recipe: Recipe;
  /** Facts about the training for the tracking run: backend, steps, trained parameters. */
  facts: Record<string, string | number>;
}

/** Loss weight of each class, mean 1 over the rows. */
export function computeClassWeights(rows: LabelledTexts, mode: Recipe['classWeights']): [number, number] {
  return weighClasses(rows, 2, mode) as [number, number];
}

/** Honest metrics of margins: the shift of balanced classes is taken out first. */
export function metricsOfMargins(
  margins: ArrayLike<number>,
  rows: LabelledTexts,
  priorShift: number,
): ClassificationMetrics {
  const probabilities = Array.from(margins, (margin) => sigmoid(margin - priorShift));
  return computeMetrics(probabilities, rows.labels, rows.weights);
}

export function joinRows(a: LabelledTexts, b: LabelledTexts): LabelledTexts {
  const fieldsOf = ({ fields, texts }: LabelledTexts): readonly (string | undefined)[] =>
    fields ?? texts.map(() => undefined);
  return {
    texts: [...a.texts, ...b.texts],
    labels: [...a.labels, ...b.labels],
    weights: [...a.weights, ...b.weights],
    fields: [...fieldsOf(a), ...fieldsOf(b)],
  };
}
