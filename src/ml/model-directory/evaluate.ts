/** How good a model directory is on labelled rows. */
import { classifierText } from '../../core/classifier-text.ts';
import { openClassifier, type ClassifierOptions } from './classifier.ts';
import { computeMetrics, type ClassificationMetrics } from '../scoring/index.ts';
import type { LabelledRow } from '../rows.ts';

export interface EvaluateOptions extends ClassifierOptions {
  signal?: AbortSignal;
  /** Called after each batch with the number of rows done. */
  onProgress?: (done: number, total: number) => void;
}

export interface Evaluation {
  metrics: ClassificationMetrics;
  /** Of the positive label, in the order of the rows. */
  probabilities: Float32Array;
}

/** @throws AppError `bad-model` for a broken model directory, `bad-data` without rows */
export async function evaluateModel(
  modelDirectory: string,
  rows: readonly LabelledRow[],
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { signal, onProgress, ...classifierOptions } = options;
  const classifier = await openClassifier(modelDirectory, classifierOptions);
  try {
    const probabilities = await classifier.score(rows.map(classifierText), {
      ...(signal ? { signal } : {}),
      onProgress: (done) => onProgress?.(done, rows.length),
    });
    const metrics = computeMetrics(
      probabilities,
      rows.map((row) => row.label),
      rows.map((row) => row.weight),
      classifier.info.decisionThreshold,
    );
    return { metrics, probabilities };
  } finally {
    await classifier.close();
  }
}
