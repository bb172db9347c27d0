/**
 * The one door of ml. Lines of the engine:
 * - a model: `parseDistilBertConfig(json)`, `readWeights(file)`, `writeWeights(file, weights)`
 * - its graphs: `buildEncoderGraph(config, weights)` (states [batch, dim]), `buildClassifierGraph` (logits)
 * - as a file: `encodeModel(graph)`; at work: `openOnnxSession(bytes | file, { threads })`
 *
 * Lines of training and scoring:
 * - rows: `readLabelledCsv(file)`, `classifierText(row)`
 * - a training, in a child process: `trainCandidate({ recipe: await readRecipe(folder, name), ... }, { signal, onEpoch })`
 * - a model directory: `verifyModelDirectory(dir)`, `openClassifier(dir)` -> `score(texts)`, `evaluateModel(dir, rows)`
 */
export {
  buildClassifierGraph,
  buildEncoderGraph,
  parseDistilBertConfig,
  readWeights,
  writeWeights,
  type DistilBertConfig,
  type Tensor,
  type Weights,
} from './models/index.ts';
export { encodeModel, openOnnxSession, type OnnxGraph, type OnnxSession } from './onnx/index.ts';
export {
  REFERENCE_SETTINGS,
  resolveSettings,
  trainFull,
  type EpochReport,
  type FullTraining,
  type RequestedSettings,
  type StepReport,
  type TokenRows,
  type TrainedModel,
  type TrainingSettings,
} from './training/index.ts';
export {
  openClassifier,
  type Classifier,
  type ClassifierInfo,
  type ClassifierOptions,
} from './model-directory/classifier.ts';
export { evaluateModel, type EvaluateOptions, type Evaluation } from './model-directory/evaluate.ts';
export { computeMetrics, METRIC_NAMES, type ClassificationMetrics } from './scoring/metrics.ts';
export {
  halveWeights,
  LABELS,
  refuseExisting,
  verifyModelDirectory,
  verifyModelFiles,
} from './model-directory/index.ts';
export { PRECISIONS, readManifest, type Manifest, type Precision } from './model-directory/manifest.ts';
export { findBase, hubOf, resolveBaseDirectory, type BasePlace, type Hub } from './base/hub.ts';
export { readBaseModel } from './base/model.ts';
export { hashBaseModel, hashWeights, provenanceSchema, type Provenance } from './provenance/index.ts';
export { bucketByLength, openTokenizer, type TextTokenizer } from './text/tokenizer.ts';
export { listRecipes, parseRecipe, readRecipe, type Recipe, type RecipeOverrides } from './recipes.ts';
export { classifierText, readLabelledCsv, REQUIRED_COLUMNS, type LabelledRow } from './rows.ts';
export { trainCandidate, type TrainCandidateOptions } from './candidate/child.ts';
export {
  trainRequestSchema,
  trainResultSchema,
  type TrainRequest,
  type TrainResult,
} from './candidate/protocol.ts';
export type { EpochMetrics, StepMetrics, TrainProgress } from './candidate/trainer.ts';
