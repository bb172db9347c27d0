/** How good the weights in training are on rows they do not learn from. */
import { sigmoid } from '../scoring/calibration.ts';
import { computeMetrics, type ClassificationMetrics } from '../scoring/metrics.ts';
import type { DistilBertConfig } from '../models/index.ts';
import { assembleBatch, planValidation, type TokenRows } from './data.ts';
import { checkProbabilities, type TakenStep } from './divergence.ts';
import type { Engine } from './engine.ts';
import type { Vocabulary } from './vocabulary.ts';

const VALIDATION_BATCH = 16;

/**
 * @param lastStep that the weights come from, for the error when they have diverged
 * @param beforeBatch called before each batch; what it throws ends the validation
 */
export async function validate(
  engine: Engine,
  config: DistilBertConfig,
  rows: TokenRows,
  vocabulary: Vocabulary,
  lastStep: TakenStep,
  beforeBatch: () => void,
): Promise<ClassificationMetrics> {
  const probabilities = new Float64Array(rows.labels.length);
  const lengths = rows.inputIds.map((ids) => ids.length);
  const forward = await engine.openForward();
  try {
    for (const numbers of planValidation(lengths, VALIDATION_BATCH)) {
      beforeBatch();
      const logits = await forward.logits(assembleBatch(rows, numbers, vocabulary, config));
      numbers.forEach((row, i) => {
        probabilities[row] = sigmoid((logits[2 * i + 1] as number) - (logits[2 * i] as number));
      });
    }
  } finally {
    await forward.close();
  }
  checkProbabilities(probabilities, lastStep);
  return computeMetrics(probabilities, rows.labels as (0 | 1)[], rows.weights);
}
