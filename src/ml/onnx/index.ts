export { returningNothing } from './in-place.ts';
export {
  bytesOf,
  encodeModel,
  MICROSOFT,
  type OnnxAttribute,
  type OnnxDataType,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValueInfo,
} from './model.ts';
export {
  openOnnxSession,
  type Feed,
  type FeedData,
  type OnnxOutput,
  type OnnxSession,
  type SessionOptions,
} from './session.ts';
