/**
 * The one door of ml:
 * - rows: `readLabelledCsv(file)`
 * - a training, in a child process: `trainCandidate({ recipe: await readRecipe(folder, name), ... }, {
 * signal, onEpoch })`
 * - a model directory: `verifyModelDirectory(dir)`, `openClassifier(dir)` -> `score(texts)`,
 * `evaluateModel(dir, rows)`
 */
export { readWeights, writeWeights, type DistilBertConfig, type Weights } from './models/index.ts';
export { type OnnxGraph } from './onnx/index.ts';
export { resolveSettings, trainFull, type StepMetrics } from './training/index.ts';
export {
  evaluateModel,
  halveWeights,
  LABELS,
  openClassifier,
  parseManifest,
  PRECISIONS,
  readManifest,
  refuseExisting,
  verifyModelDirectory,
  verifyModelFiles,
  type Classifier,
  type Manifest,
  type Precision,
} from './model-directory/index.ts';
export { METRIC_NAMES, type ClassificationMetrics } from './scoring/index.ts';
export { findBase, hubOf, readBaseModel, resolveBaseDirectory, type Hub } from './base/index.ts';
export { hashBaseModel, hashWeights, provenanceSchema, type Provenance } from './provenance/index.ts';
export { bucketByLength, openTokenizer, type TextTokenizer } from './text/index.ts';
export { readRecipe, type RecipeOverrides } from './recipes.ts';
export { readLabelledCsv, type LabelledRow } from './rows.ts';
export {
  repeatsTraining,
  trainCandidate,
  trainResultSchema,
  type EpochMetrics,
  type TrainCandidateOptions,
  type TrainProgress,
  type TrainRequest,
  type TrainResult,
} from './candidate/index.ts';
