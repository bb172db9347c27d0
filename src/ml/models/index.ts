export { parseDistilBertConfig, type DistilBertConfig } from './config.ts';
export { classifier, encoder, layerName, WORD_EMBEDDINGS, type EncoderOutput } from './distilbert.ts';
export { buildClassifierGraph, buildEncoderGraph, encoderWeights, weightReader } from './inference.ts';
export { noDropout, type Dropout } from './layers.ts';
export {
  readTensorFile,
  readWeights,
  writeAtomically,
  writeWeights,
  type Tensor,
  type WeightDtype,
  type Weights,
} from './safetensors.ts';
