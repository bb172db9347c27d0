export { parseDistilBertConfig, type DistilBertConfig } from './config.ts';
export { classifier, encoder, layerName, WORD_EMBEDDINGS } from './distilbert.ts';
export { buildClassifierGraph, buildEncoderGraph, encoderWeights, weightReader } from './inference.ts';
export { type Dropout } from './layers.ts';
export {
  readTensorFile,
  readWeights,
  writeAtomically,
  writeWeights,
  type Tensor,
  type Weights,
} from './safetensors.ts';
