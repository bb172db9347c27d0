/**
 * What a classifier is worth in each precision on rows it has not learnt from, and so how it is calibrated
 * and served. It is asked before it is written, because what is written may have learnt from these rows as
 * well (`refit`).
 */
import {
  computeMargins,
  computeMetrics,
  fitTemperature,
  sigmoid,
  type ClassificationMetrics,
  type RunOptions,
} from '../scoring/index.ts';
import { quantizeGraph, type Precision } from '../model-directory/index.ts';
import { buildClassifierGraph, type DistilBertConfig } from '../models/index.ts';
import type { TextTokenizer } from '../text/index.ts';
import type { LabelledTexts, RawClassifier } from './trainer.ts';

export interface PrecisionChoice {
  /** Of the float32 logits. */
  temperature: number;
  servePrecision: Precision;
  /** Calibrated. */
  metrics: Readonly<Record<Precision, ClassificationMetrics>>;
}

/**
 * @param precisionTolerance accuracy that int8 may lose and still be served
 * @param calibrationTexts see `quantizeGraph`
 */
export async function calibrateAndChoosePrecision(
  { config, weights, priorShift }: RawClassifier & { config: DistilBertConfig },
  tokenizer: TextTokenizer,
  rows: LabelledTexts,
  {
    precisionTolerance,
    calibrationTexts,
    ...options
  }: RunOptions & { precisionTolerance: number; calibrationTexts: readonly string[] },
): Promise<PrecisionChoice> {
  const graph = buildClassifierGraph(config, weights);
  const quantized = await quantizeGraph(graph, { ...options, tokenizer, texts: calibrationTexts });
  const margins = {
    fp32: await computeMargins(graph, tokenizer, rows.texts, options),
    int8: await computeMargins(quantized, tokenizer, rows.texts, options),
  };
  const honest = margins.fp32.map((margin) => margin - priorShift);
  const temperature = fitTemperature(honest, rows.labels, rows.weights);
  const metricsOf = (precision: Precision): ClassificationMetrics => {
    const probabilities = margins[precision].map((margin) => sigmoid((margin - priorShift) / temperature));
    return computeMetrics(probabilities, rows.labels, rows.weights);
  };
  const metrics = { fp32: metricsOf('fp32'), int8: metricsOf('int8') };
  const lost = metrics.fp32.accuracy - metrics.int8.accuracy;
  return { temperature, servePrecision: lost <= precisionTolerance ? 'int8' : 'fp32', metrics };
}
