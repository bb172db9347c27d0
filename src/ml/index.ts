/**
 * The one door of ml. Lines of the engine:
 * - a model: `parseDistilBertConfig(json)`, `readWeights(file)`, `writeWeights(file, weights)`
 * - its graphs: `buildEncoderGraph(config, weights)` (states [batch, dim]), `buildClassifierGraph` (logits)
 * - as a file: `encodeModel(graph)`; at work: `openOnnxSession(bytes | file, { threads })`
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
