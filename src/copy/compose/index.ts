export { openCopywriter, type FromConfigOptions } from './from-config.ts';
export {
  createCopywriter,
  type Chance,
  type ChannelCopy,
  type Copy,
  type CopyRequest,
  type Copywriter,
  type CopywriterOptions,
  type Draft,
  type ScoredText,
  type TextPolicy,
} from './copywriter.ts';
export { requireChannels } from './plan-fields.ts';
