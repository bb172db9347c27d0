export { returningNothing } from './in-place.ts';
export {
  bytesOf,
  encodeModel,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
} from './model.ts';
export { openOnnxSession, type Feed, type OnnxOutput, type OnnxSession } from './session.ts';
