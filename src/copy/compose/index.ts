export { listWriters, openCopywriter, type FromConfigOptions } from './from-config.ts';
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
  type TextReport,
} from './copywriter.ts';
export type { Refusal, WriterNote } from './collect-texts.ts';
export { type ExampleSource } from './show-examples.ts';
export { requireChannels } from './plan-fields.ts';
