export { openCopywriter, type FromConfigOptions } from './from-config.ts';
export {
  createCopywriter,
  DEFAULT_COUNT,
  MAX_COUNT,
  type ChannelCopy,
  type Copy,
  type CopyRequest,
  type Copywriter,
  type CopywriterOptions,
  type Draft,
  type ScoredText,
} from './copywriter.ts';
