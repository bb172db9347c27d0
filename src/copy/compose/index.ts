export { listWriters, openCopywriter, type FromConfigOptions } from './from-config.ts';
export {
  createCopywriter,
  type CopyRequest,
  type Copywriter,
  type CopywriterOptions,
  type TextReport,
} from './copywriter.ts';
export type { Chance, ChannelCopy, Copy, Draft, ScoredText, TextPolicy } from './choose.ts';
export type { Refusal, WriterNote } from './collect-texts.ts';
export { type ExampleSource } from './show-examples.ts';
export { requireChannels } from './plan-fields.ts';
