/** Scores of texts and what they are worth: metrics, calibration, graphs run over many texts. */
export { fitTemperature, foldCalibration, sigmoid } from './calibration.ts';
export { computeMetrics, METRIC_NAMES, metricsSchema, type ClassificationMetrics } from './metrics.ts';
export { computeMargins, computeStates, marginsOf, runBatches, type RunOptions } from './run-graph.ts';
