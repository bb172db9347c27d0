export { listWriters, openCopywriter } from './from-config.ts';
export { createCopywriter, type CopyRequest, type Copywriter } from './copywriter.ts';
export type { Chance, Copy, Draft, TextPolicy } from './choose.ts';
export type { WriterNote } from './collect-texts.ts';
export { type ExampleSource } from './show-examples.ts';
export { requireChannels } from './plan-fields.ts';
