import type { ClassificationMetrics } from '../ml/index.ts';
import { renderPercent, renderTable } from './render.ts';

/** Metrics side by side, one row a model or a set of rows. */
export function renderMetrics(rows: readonly (readonly [string, ClassificationMetrics])[]): string {
  return renderTable(
    ['', 'ROWS', 'ACCURACY', 'MAJORITY', 'F1', 'AUC', 'LOG LOSS', 'ECE'],
    rows.map(([name, m]) => [
      name,
      m.rows,
      renderPercent(m.accuracy),
      renderPercent(m.majorityAccuracy),
      m.f1.toFixed(3),
      m.rocAuc.toFixed(3),
      m.logLoss.toFixed(3),
      m.expectedCalibrationError.toFixed(3),
    ]),
  );
}
